/** The node agents as their own cluster shows them. */
import type { NodeAgentSet } from "../estate/node-agent.ts";
import type { Api } from "../kubernetes/api.ts";
import { daemonSets, pods } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { nodeAgentsOf } from "../rancher/node-agent-workload.ts";

/** Empty where the cluster has none, which takes one request; two where it has some. @throws ApiError */
export async function observeNodeAgents(api: Api): Promise<NodeAgentSet[]> {
  const sets = await api.list(daemonSets(AGENT.namespace));
  if (nodeAgentsOf(sets.items, []).length === 0) return [];
  return nodeAgentsOf(sets.items, (await api.list(pods(AGENT.namespace))).items);
}
