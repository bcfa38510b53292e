/** Waiting for a cluster's node agents by watch: their DaemonSets and pods, seen together. */
import type { NodeAgentSet } from "../estate/node-agent.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { daemonSets, pods } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { nodeAgentsOf } from "../rancher/node-agent-workload.ts";

/**
 * Follows them until `decide` answers with something.
 * @param decide is given the DaemonSets, and the objects that they were read from
 * @throws ApiError kind `deadline`; whatever `decide` throws
 */
export async function watchNodeAgents<T>(
  api: Api,
  decide: (sets: readonly NodeAgentSet[], objects: readonly KubeObject[]) => T | undefined,
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const seen: { sets?: readonly KubeObject[]; pods?: readonly KubeObject[] } = {};
  const consider = (news: typeof seen): T | undefined => {
    Object.assign(seen, news);
    if (seen.sets === undefined || seen.pods === undefined) return undefined;
    return decide(nodeAgentsOf(seen.sets, seen.pods), seen.sets);
  };
  const ending = new AbortController();
  const options = { deadlineMs, signal: AbortSignal.any([signal, ending.signal]) };
  const waits = [
    api.watchUntil(daemonSets(AGENT.namespace), {}, (sets) => consider({ sets }), options),
    api.watchUntil(pods(AGENT.namespace), {}, (all) => consider({ pods: all }), options),
  ];
  try {
    return await Promise.race(waits);
  } finally {
    ending.abort();
    await Promise.allSettled(waits);
  }
}
