/** The node agents as their own cluster shows them. */
import type { NodeAgentSet } from "../estate/node-agent.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { daemonSets, pods } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { nodeAgentsOf } from "../rancher/node-agent-workload.ts";

/** DaemonSets and pods of the agents' namespace; the pods are only asked for where node agents are among the former. */
export interface NodeAgentObjects {
  readonly sets: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

/** One request where the cluster has no node agents; two where it has some. @throws ApiError */
export async function nodeAgentObjects(api: Api): Promise<NodeAgentObjects> {
  const { items: sets } = await api.list(daemonSets(AGENT.namespace));
  if (nodeAgentsOf(sets, []).length === 0) return { sets, pods: [] };
  return { sets, pods: (await api.list(pods(AGENT.namespace))).items };
}

/** Empty where the cluster has none. @throws ApiError */
export async function observeNodeAgents(api: Api): Promise<NodeAgentSet[]> {
  const objects = await nodeAgentObjects(api);
  return nodeAgentsOf(objects.sets, objects.pods);
}
