/** Waiting for a cluster's agent by watch: its Deployment and its pods, seen together. */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { deployments, pods } from "../kubernetes/resource.ts";
import { AGENT, agentWorkloadOf } from "../rancher/agent-workload.ts";

export interface Waiting {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Follows Deployment and pods until `decide` answers with something.
 * @throws ApiError kind `deadline`; whatever `decide` throws
 */
export async function watchAgent<T>(
  api: Api,
  decide: (agent: AgentWorkload) => T | undefined,
  { deadlineMs, signal }: Waiting,
): Promise<T> {
  let deployment: KubeObject | undefined;
  let seenPods: readonly KubeObject[] | undefined;
  const consider = (): T | undefined => {
    if (deployment === undefined || seenPods === undefined) return undefined;
    const agent = agentWorkloadOf(deployment, seenPods);
    return agent === undefined ? undefined : decide(agent);
  };
  const ending = new AbortController();
  const options = { deadlineMs, signal: AbortSignal.any([signal, ending.signal]) };
  const watches = [
    api.watchUntil(
      deployments(AGENT.namespace),
      { name: AGENT.deployment },
      (objects) => {
        deployment = objects[0];
        return consider();
      },
      options,
    ),
    api.watchUntil(
      pods(AGENT.namespace),
      { labelSelector: AGENT.podSelector },
      (objects) => {
        seenPods = objects;
        return consider();
      },
      options,
    ),
  ];
  try {
    return await Promise.race(watches);
  } finally {
    ending.abort();
    await Promise.allSettled(watches);
  }
}
