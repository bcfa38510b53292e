/**
 * rancher-system-agent on the nodes of RKE2 and K3s clusters, and wins on their Windows nodes. Each trusts the bundle in
 * a file of its own (`rancher2_connection_info.json`), which nothing but its installer refreshes; no object in a cluster
 * says what is in it.
 */
import type { Consumer } from "../../estate/cluster.ts";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { Resource } from "../../kubernetes/resource.ts";
import type { ManagementCluster } from "../../rancher/management-cluster.ts";

const upgradePlans: Resource = {
  group: "upgrade.cattle.io",
  version: "v1",
  plural: "plans",
  namespace: "cattle-system",
};

/** Names of the plans by which Rancher keeps the agents of a cluster's nodes up to date; none where it manages none. */
export async function observeUpgradePlans(downstream: Api): Promise<readonly string[]> {
  try {
    const { items } = await downstream.list(upgradePlans);
    return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith("system-agent-upgrader"));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** One consumer for Linux nodes, one for Windows nodes. They have no evidence: nothing here can see it. */
export function systemAgentConsumers(cluster: ManagementCluster, plans: readonly string[]): Consumer[] {
  const linux = cluster.systemAgents || plans.includes("system-agent-upgrader");
  const windows = plans.includes("system-agent-upgrader-windows");
  const consumer = (id: string): Consumer => ({
    id,
    kind: "system-agent",
    clusterId: cluster.id,
    gating: true,
    movable: false,
    evidence: [],
  });
  return [
    ...(linux ? [consumer(`${cluster.id}/system-agent`)] : []),
    ...(windows ? [consumer(`${cluster.id}/system-agent/windows`)] : []),
  ];
}
