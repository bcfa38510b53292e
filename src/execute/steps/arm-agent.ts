/**
 * Arms a cluster: its agent's Deployment straddles the pin that is served and the next one. The old pod serves on; a
 * new one waits, because its start check fails until the next bundle is served.
 */
import { z } from "zod";
import type { AgentWorkload } from "../../estate/agent.ts";
import { armingObstacles } from "../../estate/agent-state.ts";
import type { Evidence } from "../../estate/evidence.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { startedEvidence, startedNow } from "../agent-started.ts";
import {
  epochOf,
  erased,
  type Observation,
  type Obstruction,
  type StepContext,
  type Verification,
} from "../step-action.ts";

const beforeSchema = z.object({ pin: z.string(), minReadySeconds: z.number().int() });
type Before = z.infer<typeof beforeSchema>;

/** Reasons that a pod gives for waiting that don't go away by themselves, and what helps. */
const HINDRANCES: Readonly<Record<string, string>> = {
  ImagePullBackOff: "Make the agent's image available to the cluster's nodes.",
  ErrImagePull: "Make the agent's image available to the cluster's nodes.",
  InvalidImageName: "Correct the agent's image.",
  Unschedulable: "Make room for one more pod of the agent, or mend its node selector and tolerations.",
  CreateContainerConfigError: "Look at the pod's events: something that its container needs is missing.",
};
/** A pull or a scheduling may fail once and then succeed; after this long it is called an obstacle. */
const PATIENCE_MS = 10_000;

export const armAgent = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 180,

  async observe(context): Promise<Observation<Before>> {
    const agent = await context.agent.look();
    if (agent === undefined)
      return blocked(
        "its agent's Deployment is missing",
        "Bring its agent back (farrier restore of a backup, or Rancher's registration command), or leave the cluster behind with farrier waive.",
      );
    const { pin } = epochOf(context);
    if (armingObstacles(agent, pin, wanted(context, agent)).length === 0) {
      return { kind: "done", evidence: [armedEvidence(context)] };
    }
    if (startedNow(context, agent, pin)) return { kind: "done", evidence: [startedEvidence(context, pin)] };
    if (agent.paused) {
      return blocked(
        "somebody has paused its agent's rollout",
        "kubectl rollout resume, once it is clear who paused it.",
      );
    }
    return { kind: "todo", before: { pin: agent.pin, minReadySeconds: agent.minReadySeconds } };
  },

  async apply(context, before) {
    const { pin } = epochOf(context);
    await context.agent.change({
      pin,
      minReadySeconds: Math.max(before.minReadySeconds, context.plan.armingMinReadySeconds),
      expectedPins: [before.pin, pin],
    });
  },

  async verify(context, before): Promise<Verification> {
    const { pin } = epochOf(context);
    const hindrance = new Hindrance(pin);
    try {
      const outcome = await context.agent.watch<Verification>(
        pin,
        (agent) => {
          hindrance.see(agent);
          const minReadySeconds = Math.max(before.minReadySeconds, context.plan.armingMinReadySeconds);
          const obstacles = armingObstacles(agent, pin, minReadySeconds);
          if (obstacles.length > 0) {
            hindrance.missing = obstacles.map(({ why }) => why).join("; ");
            return undefined;
          }
          return { kind: "verified", evidence: [armedEvidence(context)] };
        },
        { deadlineMs: context.remainingMs(), signal: AbortSignal.any([context.signal, hindrance.signal]) },
      );
      return outcome;
    } catch (error) {
      if (hindrance.found !== undefined) return { kind: "blocked", by: hindrance.found };
      if (error instanceof ApiError && error.kind === "deadline") return { kind: "blocked", by: tooLate(hindrance) };
      throw error;
    } finally {
      hindrance.forget();
    }
  },

  async putBack(context, before) {
    await context.agent.change({
      pin: before.pin,
      minReadySeconds: before.minReadySeconds,
      expectedPins: [before.pin, epochOf(context).pin],
    });
  },
});

function wanted(context: StepContext, agent: AgentWorkload): number {
  return Math.max(agent.minReadySeconds, context.plan.armingMinReadySeconds);
}

function armedEvidence(context: StepContext): Evidence {
  return {
    kind: "armed",
    pin: epochOf(context).pin,
    at: context.now().toISOString(),
    source: `deployment cattle-system/cattle-cluster-agent of ${context.step.target}`,
  };
}

function blocked(why: string, hint: string): Observation<Before> {
  return { kind: "blocked", by: { why, hint } };
}

function tooLate(hindrance: Hindrance): Obstruction {
  return {
    why: `it did not come to straddle the two bundles: ${hindrance.missing}`,
    hint: "Look at the pods of deployment cattle-cluster-agent in that cluster.",
  };
}

/** Watches the new pods for a reason to give up before the deadline. */
class Hindrance {
  found: Obstruction | undefined;
  /** What was missing when it was looked at last. */
  missing = "its agent could not be looked at";
  readonly #pin: string;
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(pin: string) {
    this.#pin = pin;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  see(agent: AgentWorkload): void {
    const fresh = agent.pods.filter((pod) => pod.pin === this.#pin && !pod.deleting);
    const reason = fresh.map((pod) => pod.waiting ?? "").find((waiting) => HINDRANCES[waiting] !== undefined);
    if (reason === undefined) {
      this.forget();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.found = { why: `a new pod of its agent cannot start: ${reason}`, hint: HINDRANCES[reason] ?? "" };
      this.#ending.abort();
    }, PATIENCE_MS);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
