/** The cluster agent as its own cluster shows it: two requests, so cheap that gates and steps may ask again. */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api } from "../kubernetes/api.ts";
import { deployments, pods } from "../kubernetes/resource.ts";
import { AGENT, agentWorkloadOf } from "../rancher/agent-workload.ts";

/** Undefined when the cluster has no such Deployment. Throws an `ApiError` when it cannot be asked. */
export async function observeAgent(api: Api): Promise<AgentWorkload | undefined> {
  const [deployment, { items }] = await Promise.all([
    api.get(deployments(AGENT.namespace), AGENT.deployment),
    api.list(pods(AGENT.namespace), { labelSelector: AGENT.podSelector }),
  ]);
  return deployment === undefined ? undefined : agentWorkloadOf(deployment, items);
}
