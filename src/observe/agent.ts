/** The cluster agent as its own cluster shows it: two requests, so cheap that gates and steps may ask again. */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api, ObjectList } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { deployments, pods } from "../kubernetes/resource.ts";
import { AGENT, agentWorkloadOf } from "../rancher/agent-workload.ts";

/** The agent's Deployment, and its pods with the version of their list, from where a watch can continue it. */
export interface AgentObjects {
  readonly deployment: KubeObject;
  readonly pods: ObjectList;
}

/** Undefined when the cluster has no such Deployment. Throws an `ApiError` when it cannot be asked. */
export async function agentObjects(api: Api): Promise<AgentObjects | undefined> {
  const [deployment, listed] = await Promise.all([
    api.get(deployments(AGENT.namespace), AGENT.deployment),
    api.list(pods(AGENT.namespace), { labelSelector: AGENT.podSelector }),
  ]);
  return deployment === undefined ? undefined : { deployment, pods: listed };
}

/** Undefined when the cluster has no such Deployment. Throws an `ApiError` when it cannot be asked. */
export async function observeAgent(api: Api): Promise<AgentWorkload | undefined> {
  const found = await agentObjects(api);
  return found === undefined ? undefined : agentWorkloadOf(found.deployment, found.pods.items);
}
