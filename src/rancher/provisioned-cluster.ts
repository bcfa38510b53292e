/**
 * Clusters that Rancher has provisioned with RKE2 or K3s, as far as snapshots of their etcd go: one is asked for by a
 * higher `spec.rkeConfig.etcdSnapshotCreate.generation` of the cluster object. Rancher copies that into the control plane
 * object of the same name, whose status says how far it is; each file that a node has is reported as an ETCDSnapshot
 * (rancher/rancher: pkg/capr/planner/etcdcreate.go, pkg/controllers/managementuser/snapshotbackpopulate).
 */
import { z } from "zod";
import type { KubeObject } from "../kubernetes/object.ts";
import type { Resource } from "../kubernetes/resource.ts";

const RKE = { group: "rke.cattle.io", version: "v1" };
/** `clusters.provisioning.cattle.io`: there are `clusters` in three other groups too. */
export const provisioningClusters = (namespace: string): Resource => ({
  group: "provisioning.cattle.io",
  version: "v1",
  plural: "clusters",
  namespace,
});
export const rkeControlPlanes = (namespace: string): Resource => ({ ...RKE, plural: "rkecontrolplanes", namespace });
export const etcdSnapshots = (namespace: string): Resource => ({ ...RKE, plural: "etcdsnapshots", namespace });

/** On every ETCDSnapshot: the name of its cluster object. */
export const SNAPSHOT_CLUSTER_LABEL = "rke.cattle.io/cluster-name";
/** RKE2 and K3s label their nodes with etcd so. */
export const ETCD_NODES = "node-role.kubernetes.io/etcd=true";

/** Undefined or null: nobody has asked for a snapshot yet. */
const requestSchema = z.object({ generation: z.int().default(0) }).nullish();

const clusterSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z.object({ rkeConfig: z.object({ etcdSnapshotCreate: requestSchema }).nullish() }).prefault({}),
  status: z.object({ clusterName: z.string().default("") }).prefault({}),
});

export interface ProvisionedCluster {
  /** The `clusters.management.cattle.io` that belongs to it. */
  readonly managementId: string;
  /** Of the last request for a snapshot; 0 where there was none. */
  readonly generation: number;
  readonly resourceVersion: string;
}

/** Undefined where Rancher did not provision the cluster: one that was imported, or its own, has no `rkeConfig`. Pure. */
export function readProvisionedCluster(object: KubeObject): ProvisionedCluster | undefined {
  const parsed = clusterSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  if (spec.rkeConfig === undefined || spec.rkeConfig === null) return undefined;
  return {
    managementId: status.clusterName,
    generation: spec.rkeConfig.etcdSnapshotCreate?.generation ?? 0,
    resourceVersion: metadata.resourceVersion,
  };
}

/** A merge patch that asks for the next snapshot, and that the API server refuses where the object was changed since. */
export function requestBody({ generation, resourceVersion }: ProvisionedCluster): object {
  return {
    metadata: { resourceVersion },
    spec: { rkeConfig: { etcdSnapshotCreate: { generation: generation + 1 } } },
  };
}

const controlPlaneSchema = z.object({
  status: z.object({ etcdSnapshotCreate: requestSchema, etcdSnapshotCreatePhase: z.string().default("") }).prefault({}),
});

/**
 * What has become of the request of this generation. Pure.
 * @param controlPlane undefined where there is none
 */
export function requestState(
  controlPlane: KubeObject | undefined,
  generation: number,
): { readonly kind: "finished" | "failed" } | { readonly kind: "waiting"; readonly words: string } {
  const parsed = controlPlaneSchema.safeParse(controlPlane);
  const status = parsed.data?.status;
  if (status?.etcdSnapshotCreate?.generation !== generation) {
    return { kind: "waiting", words: "Rancher has not taken the request up" };
  }
  switch (status.etcdSnapshotCreatePhase) {
    case "Finished":
      return { kind: "finished" };
    case "Failed":
      return { kind: "failed" };
    default:
      return { kind: "waiting", words: `Rancher is at it (${status.etcdSnapshotCreatePhase})` };
  }
}

const snapshotSchema = z.object({
  metadata: z.object({ uid: z.string() }),
  snapshotFile: z
    .object({
      name: z.string().default(""),
      nodeName: z.string().default(""),
      location: z.string().default(""),
      size: z.number().default(0),
      status: z.string().default(""),
      message: z.string().default(""),
      s3: z.unknown().optional(),
    })
    .prefault({}),
});

/** A file that a node has saved, as Rancher shows it. */
export interface ReportedSnapshot {
  readonly node: string;
  readonly name: string;
  /** `file:///…` */
  readonly location: string;
  readonly bytes: number;
}

export interface SnapshotReport {
  /** The newest good one of each node that has one. */
  readonly made: readonly ReportedSnapshot[];
  /** Nodes that have none. */
  readonly missing: readonly string[];
  /** What nodes without a good one said of theirs: `node-1: no space left on device`. */
  readonly complaints: readonly string[];
}

/**
 * The local snapshots of each node, those that were known before left out. A copy in S3 is no node's. Pure.
 * @param known UIDs
 */
export function snapshotReport(
  objects: readonly KubeObject[],
  { nodes, known }: { readonly nodes: readonly string[]; readonly known: readonly string[] },
): SnapshotReport {
  const fresh = objects.flatMap((object) => {
    const parsed = snapshotSchema.safeParse(object);
    if (!parsed.success || known.includes(parsed.data.metadata.uid)) return [];
    const file = parsed.data.snapshotFile;
    return file.s3 === undefined || file.s3 === null ? [file] : [];
  });
  const isGood = ({ status, size }: (typeof fresh)[number]): boolean => status === "successful" && size > 0;
  const made = nodes.flatMap((node) => {
    const last = fresh.findLast((file) => file.nodeName === node && isGood(file));
    return last === undefined ? [] : [{ node, name: last.name, location: last.location, bytes: last.size }];
  });
  const missing = nodes.filter((node) => !made.some((one) => one.node === node));
  const complaints = fresh
    .filter((file) => missing.includes(file.nodeName) && !isGood(file))
    .map(({ nodeName, message, status }) => `${nodeName}: ${message === "" ? status || "an empty file" : message}`);
  return { made, missing, complaints };
}
