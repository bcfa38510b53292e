/**
 * Waiting for an agent whose Deployment carries the right pin already: what is still to come shows in its pods, so that
 * one watch is enough. Whenever they look right, the Deployment is asked for its own word.
 *
 *   pods change ──► right, if the Deployment has caught up? ──no──► wait
 *                        └──yes──► ask for the Deployment ──► content? ──no──► a little later again
 *
 * Where no pod is left that could become right, the Deployment is asked as well: somebody may have changed it.
 *
 * A watch takes a connection of its own and ends it, which costs as much as several requests: see docs/adr/0011.
 */
import type { AgentWorkload } from "../estate/agent.ts";
import { livePods } from "../estate/agent-state.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { deployments, pods } from "../kubernetes/resource.ts";
import type { AgentObjects } from "../observe/agent.ts";
import { AGENT, agentWorkloadOf } from "../rancher/agent-workload.ts";
import type { Decide } from "./agent-watch.ts";
import { pauseFor } from "./pause-for.ts";

/** The first look at the clock (and at a Deployment that lags behind) comes soon, the later ones each second. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/**
 * So often the Deployment is asked for whatever its pods look like: somebody may have changed it. Another template shows in
 * its pods at once, so this is for what makes none: it was paused, scaled to none, or deleted.
 */
const REFRESH_MS = 30_000;

/** Without a reason, each signal would make an exception of its own, with its stack. */
const DECIDED = new Error("nobody waits for this answer");

export interface PodsWaiting {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** What was seen a moment ago: the watch continues it. */
  readonly from: AgentObjects;
}

/**
 * Follows the pods until `decide` answers with something about the Deployment as it is then.
 * @throws ApiError kind `deadline`; whatever `decide` throws
 */
export async function watchAgentPods<T>(
  api: Api,
  decide: Decide<T>,
  { deadlineMs, signal, from }: PodsWaiting,
): Promise<T> {
  const ending = new AbortController();
  const inquiry = new Inquiry(api, decide, from);
  const options = {
    deadlineMs,
    signal: AbortSignal.any([signal, ending.signal]),
    from: from.pods,
    beforeStream: () => inquiry.unlessAnswered(),
  };
  const waits = [
    api.watchUntil<never>(
      pods(AGENT.namespace),
      { labelSelector: AGENT.podSelector },
      (all) => inquiry.see(all),
      options,
    ),
    inquiry.answer,
    inquiry.keepAsking(options.signal),
  ];
  try {
    return await Promise.race(waits);
  } finally {
    ending.abort(DECIDED);
    inquiry.close();
    await Promise.allSettled(waits);
  }
}

/** The question, what is known for it, and the asking for the rest. */
class Inquiry<T> {
  readonly #answer = Promise.withResolvers<T>();
  readonly #api: Api;
  readonly #decide: Decide<T>;
  #deployment: KubeObject;
  #pods: readonly KubeObject[];
  #asking: Promise<void> | undefined;
  #answered = false;
  /** Pods have changed since the Deployment was asked for last. */
  #changed = false;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(api: Api, decide: Decide<T>, from: AgentObjects) {
    this.#api = api;
    this.#decide = decide;
    this.#deployment = from.deployment;
    this.#pods = from.pods.items;
  }

  get answer(): Promise<T> {
    return this.#answer.promise;
  }

  /** For the watch, which it never ends: the answer needs the Deployment's word. */
  see(objects: readonly KubeObject[]): undefined {
    this.#pods = objects;
    this.#changed = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    if (this.#mayBeSo()) this.#ask();
  }

  /** Never resolves. */
  async keepAsking(signal: AbortSignal): Promise<never> {
    for (let asked = Date.now(); ; ) {
      await pauseFor(this.#pauseMs, signal);
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
      if (!this.#mayBeSo() && !this.#noneIsComing() && Date.now() - asked < REFRESH_MS) continue;
      asked = Date.now();
      this.#ask();
      await this.#asking;
    }
  }

  /**
   * Where the Deployment is being asked, its word is awaited.
   * @throws once that was the answer: where a list shows it, no stream is opened any more
   */
  async unlessAnswered(): Promise<void> {
    await this.#asking;
    if (this.#answered) throw DECIDED;
  }

  /** Nobody waits any more. */
  close(): void {
    this.#answer.reject(DECIDED);
  }

  /** Whether the pods are as they should be; what the Deployment counts may lag behind. */
  #mayBeSo(): boolean {
    const agent = this.#agent();
    if (agent === undefined) return false;
    const { replicas } = agent;
    const counts = { updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
    const caughtUp = { ...agent, ...counts, totalReplicas: replicas, settled: true };
    return this.#decide(caughtUp, this.#deployment) !== undefined;
  }

  /** By what is known, the Deployment would make a pod that is not there. */
  #noneIsComing(): boolean {
    const agent = this.#agent();
    return agent !== undefined && livePods(agent).every(({ pin, deleting }) => deleting || pin !== agent.pin);
  }

  #ask(): void {
    this.#asking ??= this.#askUntilStill().finally(() => {
      this.#asking = undefined;
    });
  }

  async #askUntilStill(): Promise<void> {
    try {
      do {
        this.#changed = false;
        const deployment = await this.#api.get(deployments(AGENT.namespace), AGENT.deployment);
        if (deployment === undefined) return;
        this.#deployment = deployment;
        const agent = this.#agent();
        const answer = agent === undefined ? undefined : this.#decide(agent, deployment);
        if (answer === undefined) continue;
        this.#answered = true;
        this.#answer.resolve(answer);
        return;
      } while (this.#changed && this.#mayBeSo());
    } catch (error) {
      // A cluster that cannot be asked just now is asked again a little later.
      if (!(error instanceof ApiError && error.transient)) this.#answer.reject(error);
    }
  }

  #agent(): AgentWorkload | undefined {
    return agentWorkloadOf(this.#deployment, this.#pods);
  }
}
