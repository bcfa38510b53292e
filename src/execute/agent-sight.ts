/**
 * A cluster's agent as one step sees it. Where a look ended, the next act begins: a write is a compare-and-swap against
 * what was seen, and a watch continues it, so that nothing is asked twice and nothing in between is missed.
 */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { deployments } from "../kubernetes/resource.ts";
import { type AgentObjects, agentObjects } from "../observe/agent.ts";
import { AGENT, agentWorkloadOf } from "../rancher/agent-workload.ts";
import { type AgentChange, changeAgent } from "./agent-patch.ts";
import { watchAgentPods } from "./agent-pods-watch.ts";
import { type Decide, watchAgent } from "./agent-watch.ts";
import { pauseFor } from "./pause-for.ts";
import { answerOf, type Given, isTakenBack, type Seen, seen, takenBack } from "./pin-taken-back.ts";
import { isTransient } from "./retry.ts";

/** What was seen longer ago is seen anew: nothing is concluded from it. */
const RECENT_MS = 5_000;

/** What mostly comes within a second is looked for so often, each time so much later, before a watch is opened for it. */
const GLANCES_MS = [150, 250, 500] as const;

interface Waiting {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** The journal says that the Deployment had the pin before the step did anything. */
  readonly hadPin?: boolean;
}

export class AgentSight {
  readonly #api: Api;
  #seen: { readonly objects: Partial<AgentObjects>; readonly at: number } | undefined;
  #given: Given | undefined;
  #written: KubeObject | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Deployment and pods, asked now; undefined when the cluster has no such Deployment. @throws ApiError */
  async look(): Promise<AgentWorkload | undefined> {
    const at = Date.now();
    const objects = await agentObjects(this.#api);
    this.#seen = objects === undefined ? undefined : { objects, at };
    return objects === undefined ? undefined : agentWorkloadOf(objects.deployment, objects.pods.items);
  }

  /** The Deployment alone, asked now: for what its specification says. @throws ApiError */
  async lookAtDeployment(): Promise<Omit<AgentWorkload, "pods"> | undefined> {
    const at = Date.now();
    const deployment = await this.#api.get(deployments(AGENT.namespace), AGENT.deployment);
    this.#seen = deployment === undefined ? undefined : { objects: { deployment }, at };
    return deployment === undefined ? undefined : agentWorkloadOf(deployment, []);
  }

  /** The Deployment as the answer to the last write shows it; undefined before there was one. */
  get written(): Omit<AgentWorkload, "pods"> | undefined {
    return this.#written === undefined ? undefined : agentWorkloadOf(this.#written, []);
  }

  /** See `changeAgent`. */
  async change(change: AgentChange): Promise<void> {
    const recent = this.#recent();
    this.#given = undefined;
    const deployment = await changeAgent(this.#api, change, recent?.objects.deployment);
    this.#written = deployment;
    if (recent !== undefined) this.#seen = { ...recent, objects: { ...recent.objects, deployment } };
    if (change.pin !== undefined) this.#given = { pin: change.pin, object: deployment };
  }

  /**
   * Waits until `decide` answers with something. Where the Deployment was just seen with the pin that is waited for, its
   * pods alone are followed.
   * @throws ApiError kind `deadline`; FarrierError `step.taken-back` once somebody has taken back the pin that the
   *   Deployment had; whatever `decide` throws
   */
  async watch<T>(pin: string, decide: (agent: AgentWorkload) => T | undefined, waiting: Waiting): Promise<T> {
    return answerOf(await this.#follow(pin, this.#unlessTakenBack(pin, decide, waiting.hadPin), waiting));
  }

  async #follow<T>(pin: string, decide: Decide<T>, waiting: Waiting): Promise<T> {
    const { deployment, pods } = this.#recent()?.objects ?? {};
    if (deployment === undefined || pods === undefined || agentWorkloadOf(deployment, [])?.pin !== pin) {
      return await watchAgent(this.#api, decide, waiting);
    }
    return await watchAgentPods(this.#api, decide, { ...waiting, from: { deployment, pods } });
  }

  /**
   * The same for what mostly comes within a second: looks again a few times first. A look is two requests, a watch takes
   * as much as eight: see docs/adr/0011.
   * @throws as {@link watch}
   */
  async watchSoon<T>(pin: string, decide: (agent: AgentWorkload) => T | undefined, waiting: Waiting): Promise<T> {
    const { deadlineMs, signal, hadPin } = waiting;
    const watched = this.#unlessTakenBack(pin, decide, hadPin);
    const end = Date.now() + deadlineMs;
    for (const wait of GLANCES_MS) {
      if (Date.now() + wait >= end) break;
      await pauseFor(wait, signal);
      const answer = await this.#glance(watched);
      if (answer !== undefined) return answerOf(answer);
    }
    return answerOf(await this.#follow(pin, watched, { deadlineMs: end - Date.now(), signal }));
  }

  /** A look that may fail for a passing reason: the watch that follows outlives those too. */
  async #glance<T>(decide: Decide<T>): Promise<T | undefined> {
    try {
      const agent = await this.look();
      const deployment = this.#seen?.objects.deployment;
      return agent === undefined || deployment === undefined ? undefined : decide(agent, deployment);
    } catch (error) {
      if (isTransient(error)) return undefined;
      throw error;
    }
  }

  #unlessTakenBack<T>(pin: string, decide: (agent: AgentWorkload) => T | undefined, hadPin = false): Decide<Seen<T>> {
    return (agent, deployment) => {
      const gone = agent.pin !== pin && (hadPin || isTakenBack(this.#given, pin, deployment));
      if (!gone) return seen(decide(agent));
      return { takenBack: takenBack(this.#api.server, `Deployment ${AGENT.deployment}`, agent.pin) };
    };
  }

  #recent() {
    return this.#seen !== undefined && Math.abs(Date.now() - this.#seen.at) <= RECENT_MS ? this.#seen : undefined;
  }
}
