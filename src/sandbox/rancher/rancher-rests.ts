import type { ClusterClient } from "../cluster-client.ts";

const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };

/**
 * Whether every pod of Rancher's Deployment is the present one, and available. Rancher serves before that: its chart has the
 * readiness looked at every 30 s. A Rancher that runs in no cluster has no Deployment, and rests.
 */
export async function rancherRests(management: Pick<ClusterClient, "get">): Promise<boolean> {
  const rancher = await management.get(DEPLOYMENTS, "rancher");
  if (rancher === undefined) return true;
  const { replicas } = fields(rancher.spec);
  const status = fields(rancher.status);
  return [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => count === replicas);
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
