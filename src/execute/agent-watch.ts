/** Waiting for a cluster's agent by watch: its Deployment and its pods, seen together. */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { deployments, pods } from "../kubernetes/resource.ts";
import { AGENT, agentWorkloadOf } from "../rancher/agent-workload.ts";
import { pauseFor } from "./pause-for.ts";

interface Waiting {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** That a pod has outlived its start check is shown by the clock, without any event. */
const CLOCK_MS = 1_000;

/** Answers when it is content with an agent, and with the Deployment that it was read from. */
export type Decide<T> = (agent: AgentWorkload, deployment: KubeObject) => T | undefined;

/**
 * Follows Deployment and pods until `decide` answers with something.
 * @throws ApiError kind `deadline`; whatever `decide` throws
 */
export async function watchAgent<T>(api: Api, decide: Decide<T>, { deadlineMs, signal }: Waiting): Promise<T> {
  const sight = new Sight();
  const consider = (): T | undefined => sight.ask(decide);
  const ending = new AbortController();
  const options = { deadlineMs, signal: AbortSignal.any([signal, ending.signal]) };
  const onDeployment = (objects: readonly KubeObject[]): T | undefined => {
    sight.see({ deployment: objects[0] });
    return consider();
  };
  const onPods = (objects: readonly KubeObject[]): T | undefined => {
    sight.see({ pods: objects });
    return consider();
  };
  const waits = [
    api.watchUntil(deployments(AGENT.namespace), { name: AGENT.deployment }, onDeployment, options),
    api.watchUntil(pods(AGENT.namespace), { labelSelector: AGENT.podSelector }, onPods, options),
    tick(consider, options.signal),
  ];
  try {
    return await Promise.race(waits);
  } finally {
    ending.abort();
    await Promise.allSettled(waits);
  }
}

/** The two kinds of objects, put together when either changes. */
class Sight {
  #agent: AgentWorkload | undefined;
  #deployment: KubeObject | undefined;
  #pods: readonly KubeObject[] | undefined;

  see(news: { readonly deployment?: KubeObject | undefined; readonly pods?: readonly KubeObject[] }): void {
    if ("deployment" in news) this.#deployment = news.deployment;
    if (news.pods !== undefined) this.#pods = news.pods;
    this.#agent =
      this.#deployment === undefined || this.#pods === undefined
        ? undefined
        : agentWorkloadOf(this.#deployment, this.#pods);
  }

  ask<T>(decide: Decide<T>): T | undefined {
    return this.#agent === undefined || this.#deployment === undefined
      ? undefined
      : decide(this.#agent, this.#deployment);
  }
}

async function tick<T>(consider: () => T | undefined, signal: AbortSignal): Promise<T> {
  for (;;) {
    await pauseFor(CLOCK_MS, signal);
    const answer = consider();
    if (answer !== undefined) return answer;
  }
}
