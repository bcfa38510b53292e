/**
 * What carrying out a step consists of. The runner calls, retries, times out and journals; an action only looks,
 * writes and waits. `apply` may be called again with the same `before` after a crash or a passing failure, so it must
 * come to the same end however far it got the last time.
 */
import type { z } from "zod";
import type { Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import type { Evidence } from "../estate/evidence.ts";
import type { Waiver } from "../journal/entry.ts";
import type { PlanRun } from "../journal/fold.ts";
import type { Api } from "../kubernetes/api.ts";
import type { Connection } from "../kubernetes/connection.ts";
import type { World } from "../observe/world.ts";
import type { Epoch, Plan, Step } from "../plan/plan.ts";
import { epochNamed } from "../plan/reading.ts";
import type { AgentSight } from "./agent-sight.ts";
import type { NodeAgentSight } from "./node-agent-sight.ts";

/** Why a step cannot be carried out as things are; trying again at once would not help. */
export interface Obstruction {
  readonly why: string;
  readonly hint: string;
}

export type Observation<Before> =
  | { readonly kind: "done"; readonly evidence: readonly Evidence[] }
  | { readonly kind: "todo"; readonly before: Before }
  | { readonly kind: "blocked"; readonly by: Obstruction };

export type Verification =
  | { readonly kind: "verified"; readonly evidence: readonly Evidence[] }
  | { readonly kind: "blocked"; readonly by: Obstruction };

export interface StepContext {
  readonly plan: Plan;
  readonly step: Step;
  readonly world: World;
  /** The management cluster; each write makes sure first that the estate is still ours. */
  readonly management: Api;
  /** A downstream cluster over the way that works, guarded in the same way. */
  downstream(clusterId: string): Api;
  /** A downstream cluster through Rancher's tunnel and in no other way: for what its sessions show. */
  tunnel(clusterId: string): Api;
  /** A downstream cluster's own API server, past Rancher, guarded too. @throws FarrierError where no way there was named */
  own(clusterId: string): Promise<Connection>;
  /** The agent of the cluster that the step is about. */
  readonly agent: AgentSight;
  /** Its node agents. */
  readonly nodeAgents: NodeAgentSight;
  readonly vault: Vault;
  readonly now: () => Date;
  /** Ends when the step's time is over or the person wants to stop at once. */
  readonly signal: AbortSignal;
  /**
   * To be asked just before a write that changes what everybody is served: the stage's gate is looked at again when it
   * was seen open too long ago.
   * @throws FarrierError `rotation.held` when it has shut since
   */
  requireOpenGate(): Promise<void>;
  /**
   * To be asked just before a write that goes another way than through the API here (`helm`): the estate is still ours,
   * and the person has not stopped it at once.
   * @throws FarrierError `lock.held`; the reason of whoever has stopped it
   */
  requireLock(): Promise<void>;
  /** Milliseconds that are left of the step's time. */
  remainingMs(): number;
  /** What the journal says of the plan in force. */
  readonly run: PlanRun;
  /** The same of every plan of the rotation, in order; the one in force is the last. */
  readonly runs: readonly PlanRun[];
  readonly waivers: readonly Waiver[];
  observeEstate(): Promise<Estate>;
}

export interface StepAction<Before> {
  readonly before: z.ZodType<Before>;
  /** Wall-clock seconds for everything, waiting and retries included. */
  readonly deadlineSeconds: number;
  /**
   * All that `before` is for is to tell whether somebody else has changed what the step is about to write. Where somebody
   * has, the step stops, and whoever tries it again reads anew.
   */
  readonly readsAnew?: true;
  observe(context: StepContext): Promise<Observation<Before>>;
  apply(context: StepContext, before: Before): Promise<void>;
  verify(context: StepContext, before: Before): Promise<Verification>;
  /** Puts back what was there when the step turned out to be impossible, where leaving it would do harm. */
  putBack?(context: StepContext, before: Before): Promise<void>;
  /**
   * Undoes what its stage has done so far, because this step did not show that it was right. Every step of the stage is
   * open again then: what they saw before holds no more.
   */
  undoStage?(context: StepContext): Promise<void>;
}

/** An action whose `before` comes from the journal and is checked there. */
export type ErasedAction = StepAction<unknown>;

/** Hides the type of `before` from the runner; what the journal holds is parsed before the action sees it. */
export function erased<Before>(action: StepAction<Before>): ErasedAction {
  const { putBack, readsAnew, undoStage } = action;
  return {
    before: action.before,
    deadlineSeconds: action.deadlineSeconds,
    observe: (context) => action.observe(context),
    apply: (context, before) => action.apply(context, action.before.parse(before)),
    verify: (context, before) => action.verify(context, action.before.parse(before)),
    ...(readsAnew === undefined ? {} : { readsAnew }),
    ...(putBack === undefined ? {} : { putBack: (context, before) => putBack(context, action.before.parse(before)) }),
    ...(undoStage === undefined ? {} : { undoStage }),
  };
}

/** The epoch that the step is about. */
export function epochOf(context: Pick<StepContext, "plan" | "step">): Epoch {
  if (context.step.epoch === undefined) {
    throw new FarrierError("internal.unexpected", `Step ${context.step.id} names no epoch.`);
  }
  return epochNamed(context.plan, context.step.epoch);
}

/** The same field that a step is about to write was changed by somebody else: stop, and explain. */
export function conflict(what: string, found: string): FarrierError {
  return new FarrierError("step.conflict", `${what} was changed by somebody else: ${found}.`);
}
