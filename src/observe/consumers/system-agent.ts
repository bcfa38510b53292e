/**
 * rancher-system-agent on the nodes of RKE2 and K3s clusters. It trusts the bundle inside its own file
 * `rancher2_connection_info.json`, which nothing but its installer refreshes; no object in a cluster says what is in it.
 */
import type { Consumer } from "../../estate/cluster.ts";
import type { ManagementCluster } from "../../rancher/management-cluster.ts";

/** The consumer, where Rancher manages the cluster's nodes. It has no evidence: nothing here can see it. */
export function systemAgentConsumer({ id: clusterId, systemAgents }: ManagementCluster): Consumer | undefined {
  if (!systemAgents) return undefined;
  const id = `${clusterId}/system-agent`;
  return { id, kind: "system-agent", clusterId, gating: true, movable: false, evidence: [] };
}
