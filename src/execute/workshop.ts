/** What every part of a run shares: plan, journal, lock, world, and the person's wishes. */
import type { Vault } from "../backup/vault.ts";
import type { Estate } from "../estate/estate.ts";
import { Gaps } from "../observe/gaps.ts";
import { observeServer } from "../observe/installation.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import { observeTrust } from "../observe/trust.ts";
import type { World } from "../observe/world.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { onlyRefreshed } from "../plan/reading.ts";
import { AgentSight } from "./agent-sight.ts";
import type { StoredEndpoints } from "./endpoints.ts";
import { guardedApi } from "./guarded-api.ts";
import { type Ledger, ROTATION } from "./ledger.ts";
import type { EstateLock } from "./lock.ts";
import { NodeAgentSight } from "./node-agent-sight.ts";
import { ReachNotes } from "./reach-notes.ts";
import { leftRequests } from "./requests.ts";
import { retrying } from "./retry.ts";
import type { StepContext } from "./step-action.ts";

export interface WorkshopParts {
  readonly directory: string;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly lock: EstateLock;
  readonly world: World;
  readonly vault: Vault;
  readonly endpoints: StoredEndpoints;
  readonly now: () => Date;
  /** Aborted: finish the steps in hand, start no more. */
  readonly stop: AbortSignal;
  /** Aborted: end at once, as a crash would. */
  readonly abort: AbortSignal;
  readonly gateWaitSeconds: number;
  readonly patience: number;
}

/** What holds for one step in one process. */
export interface StepLimits {
  /** Wall clock, milliseconds. */
  readonly end: number;
  readonly signal: AbortSignal;
  readonly requireOpenGate: () => Promise<void>;
}

/** Why no further step may start. */
export type Halt =
  | { readonly kind: "paused"; readonly by: string; readonly why: string }
  | { readonly kind: "interrupted" };

const OBSERVE_AT_ONCE = 50;
const OBSERVE_DEADLINE_MS = 300_000;

export class Workshop {
  readonly parts: WorkshopParts;
  /** An error that ends the run: the lock or the disk is lost. */
  #fatal: unknown;
  #latest: Estate | undefined;
  /** Every consumer was looked at in this process. */
  #seenWhole = false;
  readonly #gates = new Map<string, Date>();
  readonly #reachNotes: ReachNotes;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param basis the estate as it was compared with the plan: without what the plan is not based on */
  constructor(parts: WorkshopParts, basis?: Estate) {
    this.parts = parts;
    this.#latest = basis;
    const { plan, ledger, world } = parts;
    this.#reachNotes = new ReachNotes(plan, ledger, world.reaches);
    for (const { id, kubeSystemUid } of plan.clusters) world.reaches.know(id, kubeSystemUid);
  }

  /** From now on the journal says where a cluster is reached over another way than planned. */
  async sayReaches(): Promise<void> {
    for (const { id, reach, ...cluster } of this.#latest?.clusters ?? []) {
      if (reach === "none" || cluster.local) continue;
      const { tunnel } = cluster;
      const why = tunnel.kind === "unreachable" ? { why: tunnel.why } : {};
      await this.#reachNotes.say({ id, to: reach, ...why });
    }
    this.parts.world.reaches.onChange((change) => {
      this.#reachNotes.say(change).catch((error: unknown) => this.fail(error));
    });
  }

  get fatal(): unknown {
    return this.#fatal;
  }

  fail(error: unknown): void {
    this.#fatal ??= error;
  }

  /** When the look began at which the stage's gate was seen open last, in this process. */
  gateOpenSince(stage: string): Date | undefined {
    return this.#gates.get(stage);
  }

  gateSeenOpen(stage: string, at: Date): void {
    this.#gates.set(stage, at);
  }

  /** Takes up what people have asked for, and says whether work must stop. One caller after the other. */
  async halted(): Promise<Halt | undefined> {
    const turn = this.#turn.then(() => this.#takeUpRequests());
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  async #takeUpRequests(): Promise<Halt | undefined> {
    const { directory, ledger, stop } = this.parts;
    for (const { request, settle } of await leftRequests(directory)) {
      switch (request.kind) {
        case "pause":
          if (ledger.state?.paused === undefined) {
            await ledger.append(ROTATION, { type: "paused", data: { by: request.by, why: request.why } });
          }
          break;
        case "resume":
          if (ledger.state?.paused !== undefined) {
            await ledger.append(ROTATION, { type: "unpaused", data: { by: request.by } });
          }
          break;
        case "waive":
          await ledger.append({ target: request.waiver.clusterId }, { type: "waived", data: request.waiver });
          break;
      }
      await settle();
    }
    const paused = ledger.state?.paused;
    if (paused !== undefined) return { kind: "paused", by: paused.by, why: paused.why };
    return stop.aborted ? { kind: "interrupted" } : undefined;
  }

  /**
   * Looks at the whole live estate; a Rancher that restarts is waited for. What hardly changes while a process runs is
   * taken from its first look, which keeps a gate at two requests for each cluster; `allConsumers` asks for every
   * consumer again.
   */
  async observe(allConsumers = false): Promise<Estate> {
    const { world, now, abort } = this.parts;
    const previous = this.#latest;
    const options = {
      now,
      allConsumers: allConsumers || !this.#seenWhole,
      concurrency: OBSERVE_AT_ONCE,
      ...onlyRefreshed(this.parts.plan),
      ...(previous === undefined ? {} : { previous }),
    };
    this.#latest = await retrying(() => observeEstate(world, options), {
      deadlineMs: OBSERVE_DEADLINE_MS,
      signal: abort,
    });
    this.#seenWhole = true;
    return this.#latest;
  }

  /** What Rancher serves now, with the clusters as they were seen last: for a gate that asks nothing of them. */
  async observeServed(): Promise<Estate> {
    const { world, now, abort } = this.parts;
    const latest = this.#seenWhole ? await this.latestEstate() : await this.observe();
    const gaps = new Gaps();
    const look = async () => {
      const server = await observeServer(world, gaps);
      return await observeTrust(world, { server, gaps, previous: latest.trust });
    };
    const trust = await retrying(look, { deadlineMs: OBSERVE_DEADLINE_MS, signal: abort });
    return { ...latest, observedAt: now().toISOString(), trust, gaps: gaps.found };
  }

  /** What was seen last in this process, for questions that are not about the clusters' present state. */
  async latestEstate(): Promise<Estate> {
    return this.#latest ?? (await this.observe());
  }

  contextFor(step: Step, { end, signal, requireOpenGate }: StepLimits): StepContext {
    const { plan, ledger, lock, world, vault, abort, now } = this.parts;
    const guard = async (): Promise<void> => {
      await lock.ensureFresh();
      // As after a crash: what was announced and not yet written is left to whoever goes on.
      abort.throwIfAborted();
    };
    return {
      plan,
      step,
      world,
      vault,
      now,
      signal,
      management: guardedApi(world.management, guard),
      downstream: (clusterId) => guardedApi(world.downstream(clusterId), guard),
      tunnel: (clusterId) => guardedApi(world.rancher.downstream(clusterId), guard),
      own: async (clusterId) => {
        const connection = await world.reaches.own(clusterId);
        return { ...connection, api: guardedApi(connection.api, guard) };
      },
      agent: new AgentSight(guardedApi(world.downstream(step.target), guard)),
      nodeAgents: new NodeAgentSight(guardedApi(world.downstream(step.target), guard)),
      requireOpenGate,
      requireLock: guard,
      remainingMs: () => Math.max(0, end - Date.now()),
      get run() {
        return ledger.run;
      },
      get runs() {
        return ledger.state?.plans ?? [];
      },
      get waivers() {
        return ledger.waivers;
      },
      observeEstate: () => this.observe(),
    };
  }
}
