/** `clusters.management.cattle.io`: what Rancher knows about a cluster. */
import { z } from "zod";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { managementClusters } from "../kubernetes/resource.ts";

/** Asks Rancher to apply the agent's manifest again; `"true"` until it has done so (Rancher ≥ 2.3.2). */
export const FORCE_DEPLOY_ANNOTATION = "io.cattle.agent.force.deploy";
/** Rancher ≥ 2.15 manages the nodes of imported RKE2 and K3s clusters, too. */
const DAY_TWO_ANNOTATION = "management.cattle.io/applied-system-agent-upgrader-hash";

const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(["True", "False", "Unknown"]).catch("Unknown"),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: z.string().optional(),
});

const managementClusterSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string().default(""),
    resourceVersion: z.string().default(""),
    deletionTimestamp: z.string().optional(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z
    .object({
      displayName: z.string().default(""),
      internal: z.boolean().default(false),
      localClusterAuthEndpoint: z.object({ enabled: z.boolean().default(false) }).nullish(),
    })
    .prefault({}),
  status: z
    .object({
      driver: z.string().default(""),
      provider: z.string().default(""),
      version: z.object({ gitVersion: z.string().default("") }).nullish(),
      conditions: z.array(conditionSchema).nullish(),
    })
    .prefault({}),
});

export type ClusterCondition = Omit<z.infer<typeof conditionSchema>, "type">;

export interface ManagementCluster {
  readonly id: string;
  /** `spec.displayName`, or the id. */
  readonly name: string;
  readonly local: boolean;
  readonly driver: string;
  readonly kubernetesVersion: string;
  readonly deleting: boolean;
  /** The tunnel for aggregation works, asked every 15 s. Rancher < 2.6 has no such condition. */
  readonly connected: ClusterCondition | undefined;
  readonly ready: ClusterCondition | undefined;
  readonly redeployPending: boolean;
  /** Its own API server takes Rancher's tokens (spec.localClusterAuthEndpoint). */
  readonly authorizedEndpoint: boolean;
  /** Nodes run rancher-system-agent, which keeps the bundle in a file of its own. */
  readonly systemAgents: boolean;
  readonly resourceVersion: string;
}

/** Undefined for an object that is not a cluster of Rancher's. */
export function readManagementCluster(object: KubeObject): ManagementCluster | undefined {
  const parsed = managementClusterSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  const condition = (wanted: string): ClusterCondition | undefined => {
    const found = status.conditions?.find(({ type }) => type === wanted);
    if (found === undefined) return undefined;
    const { type: _, ...facts } = found;
    return facts;
  };
  return {
    id: metadata.name,
    name: spec.displayName === "" ? metadata.name : spec.displayName,
    local: spec.internal || metadata.name === "local",
    driver: status.driver,
    kubernetesVersion: status.version?.gitVersion ?? "",
    deleting: metadata.deletionTimestamp !== undefined,
    connected: condition("Connected"),
    ready: condition("Ready"),
    redeployPending: metadata.annotations[FORCE_DEPLOY_ANNOTATION] === "true",
    authorizedEndpoint: spec.localClusterAuthEndpoint?.enabled ?? false,
    // c-m-…: made by Rancher's own provisioning of RKE2 and K3s.
    systemAgents:
      (metadata.name.startsWith("c-m-") && /^(rke2|k3s)$/i.test(status.driver || status.provider)) ||
      metadata.annotations[DAY_TWO_ANNOTATION] !== undefined,
    resourceVersion: metadata.resourceVersion,
  };
}

/** Every cluster that is not being deleted, `local` included, by id. */
export async function listManagementClusters(management: Api): Promise<ManagementCluster[]> {
  const { items } = await management.list(managementClusters);
  return items
    .map(readManagementCluster)
    .filter((cluster) => cluster !== undefined)
    .filter(({ deleting }) => !deleting)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
