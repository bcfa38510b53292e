/**
 * Fleet agents. Fleet re-imports a cluster when its server's CA changes (Rancher ≥ 2.7.5) and writes down a hash of the
 * CA that it gave the agent, so what an agent has can be compared with what is served.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Consumer } from "../../estate/cluster.ts";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { KubeObject } from "../../kubernetes/object.ts";
import { deployments, type Resource } from "../../kubernetes/resource.ts";
import { pinOf } from "../../pki/pin.ts";

const fleetClusters: Resource = { group: "fleet.cattle.io", version: "v1alpha1", plural: "clusters" };

const fleetClusterSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  status: z.object({ apiServerCAHash: z.string().default("") }).prefault({}),
});

/** What Fleet wrote down, by the id of the management cluster's object. */
export type FleetRecords = ReadonlyMap<string, { readonly caHash: string }>;

/** One list for all clusters. A management cluster without Fleet has none. */
export async function observeFleet(management: Api): Promise<FleetRecords> {
  try {
    const { items } = await management.list(fleetClusters);
    return new Map(items.map(readFleetCluster).filter((record) => record !== undefined));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return new Map();
    throw error;
  }
}

function readFleetCluster(object: KubeObject): [string, { caHash: string }] | undefined {
  const parsed = fleetClusterSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { labels } = parsed.data.metadata;
  const id = labels["management.cattle.io/cluster-name"];
  return id === undefined ? undefined : [id, { caHash: parsed.data.status.apiServerCAHash }];
}

/** Fleet (pkg/controllers/cluster/import.go): SHA-224 of the CA's base64 as a JSON string. */
export function fleetHashOf(servedBundle: string): string {
  const text = JSON.stringify(Buffer.from(servedBundle, "utf8").toString("base64"));
  return createHash("sha224").update(text).digest("hex");
}

/** Whether the agent itself is in the cluster: it may be registered with a Fleet that is not known here. */
export async function observeFleetAgent(downstream: Api): Promise<boolean> {
  return (await downstream.get(deployments("cattle-fleet-system"), "fleet-agent")) !== undefined;
}

export interface FleetQuestion {
  readonly fleet: FleetRecords;
  /** The agent's Deployment was seen in the cluster. */
  readonly present: boolean;
  readonly servedBundle: string;
  readonly at: Date;
}

/** The consumer, where there is one. The agent of `local` talks to its own API server and is not concerned. */
export function fleetAgentConsumer(clusterId: string, seen: FleetQuestion): Consumer | undefined {
  const record = seen.fleet.get(clusterId);
  if (record === undefined && !seen.present) return undefined;
  const reported = {
    kind: "reported" as const,
    pin: pinOf(seen.servedBundle),
    at: seen.at.toISOString(),
    source: `clusters.fleet.cattle.io of ${clusterId}`,
  };
  return {
    id: `${clusterId}/fleet-agent`,
    kind: "fleet-agent",
    clusterId,
    gating: true,
    movable: false,
    evidence: record?.caHash === fleetHashOf(seen.servedBundle) ? [reported] : [],
  };
}
