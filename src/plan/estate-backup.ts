/**
 * The estate's own backup, where a person asks for one in `farrier.yaml`: what the plan does about it, and what there is
 * to say. Pure.
 */
import { z } from "zod";
import { type Finding, finding } from "../findings.ts";

/** A node, as `ssh` reaches it; what is left out is the configuration's. */
export const sshNodeSchema = z.object({
  host: z.string(),
  user: z.string().exactOptional(),
  port: z.int().exactOptional(),
  key: z.string().exactOptional(),
  jump: z.string().exactOptional(),
  become: z.boolean().exactOptional(),
  config: z.string().exactOptional(),
});

/** What runs the management cluster's etcd, and saves it. */
export const etcdRunnerSchema = z.enum(["rke", "rke2", "k3s"]);
export type EtcdRunner = z.infer<typeof etcdRunnerSchema>;

/** Where each of them keeps snapshots on a node, unless told otherwise. */
export const NODE_DIRECTORY: Readonly<Record<EtcdRunner, string>> = {
  rke: "/opt/rke/etcd-snapshots",
  rke2: "/var/lib/rancher/rke2/server/db/snapshots",
  k3s: "/var/lib/rancher/k3s/server/db/snapshots",
};

const etcdSnapshotSchema = z.object({
  kind: z.literal("etcd-snapshot"),
  by: etcdRunnerSchema,
  /** RKE's file is called so; RKE2 and K3s add the node and the time. */
  name: z.string(),
  /** RKE2, K3s: the server that saves it. RKE: every node with etcd, each of which must have it afterwards. */
  nodes: z.array(sshNodeSchema).min(1),
  /** The program's path; on the node, or for RKE on this machine. */
  program: z.string(),
  /** RKE: its cluster file, on this machine. */
  clusterFile: z.string().exactOptional(),
  /** Where the nodes keep snapshots, where it is not the usual place. */
  directory: z.string().exactOptional(),
});
export type EtcdSnapshot = z.infer<typeof etcdSnapshotSchema>;

/** The container that a Rancher runs in, and the engine that runs it. */
export const rancherContainerPlaceSchema = z.object({
  container: z.object({ id: z.string(), name: z.string(), version: z.string() }),
  /** Where its engine listens: a path of this machine, or of the host that SSH leads to. */
  engine: z.object({ socket: z.string(), ssh: sshNodeSchema.exactOptional() }),
});
export type RancherContainerPlace = z.infer<typeof rancherContainerPlaceSchema>;

const containerCopySchema = rancherContainerPlaceSchema.extend({
  kind: z.literal("container"),
  /** Copied while it runs. */
  hot: z.boolean(),
});
export type ContainerCopy = z.infer<typeof containerCopySchema>;

const clusterObjectSchema = z.object({
  kind: z.literal("cluster-object"),
  /** `clusters.provisioning.cattle.io` in the management cluster of the Rancher that provisioned this one. */
  cluster: z.object({ namespace: z.string(), name: z.string() }),
  /** That management cluster: the kubeconfig's path and the context in it. None of it holds a secret. */
  kubeconfig: z.string(),
  context: z.string(),
  server: z.string(),
  /** Nodes with etcd of this cluster, each of which must have a snapshot afterwards. */
  nodes: z.array(z.string()).min(1),
});
export type ClusterObjectSnapshot = z.infer<typeof clusterObjectSchema>;

/** Nothing is copied: a person says that their own backup has the host's directory. */
const coveredSchema = z.object({
  kind: z.literal("covered"),
  container: z.string(),
  directory: z.string(),
});

export const plannedBackupSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("operator"),
    /** Of the `Backup` resource. */
    name: z.string(),
    resourceSet: z.string(),
    encryptionConfigSecret: z.string().exactOptional(),
  }),
  etcdSnapshotSchema,
  clusterObjectSchema,
  containerCopySchema,
  coveredSchema,
  /** It was asked for and cannot be made, and a person said to go on without it. */
  z.object({ kind: z.literal("none"), why: z.string() }),
]);
/** Without the name, which the rotation gives. */
type WithoutName<T> = T extends { readonly name: string } ? Omit<T, "name"> : T;
export type WantedBackup = WithoutName<z.infer<typeof plannedBackupSchema>>;

/** What has a name gets one that is this rotation's alone: what is found under it was made for this rotation. */
export function namedBackup(wanted: WantedBackup, rotation: string): z.infer<typeof plannedBackupSchema> {
  const isNamed = wanted.kind === "operator" || wanted.kind === "etcd-snapshot";
  return isNamed ? { ...wanted, name: `farrier-${rotation}` } : wanted;
}

/** What was seen of the operator. */
export type BackupOperator =
  | {
      readonly kind: "installed";
      readonly namespace: string;
      readonly resourceSets: readonly string[];
      readonly encryptionConfigFound: boolean;
    }
  | { readonly kind: "unusable"; readonly why: string };

/** What `farrier.yaml` says. */
export interface OperatorWish {
  readonly resourceSet?: string | undefined;
  readonly encryptionConfigSecret?: string | undefined;
}

/** The chart's own sets with Secrets in them: from chart 7 on, and before. */
const USUAL_SETS = ["rancher-resource-set-full", "rancher-resource-set"];
/** The chart's set without a single Secret: neither certificates nor tokens of clusters could be put back from it. */
const SET_WITHOUT_SECRETS = "rancher-resource-set-basic";

const TARGET = "estate backup";

export interface BackupDecision {
  /** Absent when there is nothing to go on with: the findings say why. */
  readonly backup?: WantedBackup;
  readonly findings: readonly Finding[];
}

/** @param without the person goes on without it where it cannot be made */
export function decideBackup(
  wish: OperatorWish,
  operator: BackupOperator,
  { without }: { readonly without: boolean },
): BackupDecision {
  const chosen = choose(wish, operator);
  return typeof chosen === "string" ? notPossible(chosen, { without }) : { backup: chosen, findings: warnings(chosen) };
}

/** The same for a backup of which nothing but the reason against it is to be said. @param chosen it, or that reason */
export function decideOther(chosen: WantedBackup | string, choice: { readonly without: boolean }): BackupDecision {
  return typeof chosen === "string" ? notPossible(chosen, choice) : { backup: chosen, findings: [] };
}

function notPossible(chosen: string, { without }: { readonly without: boolean }): BackupDecision {
  const sentence = `The estate's own backup cannot be made: ${chosen}.`;
  if (!without) return { findings: [finding("backup.not-possible", TARGET, sentence)] };
  const hint = "You said that the rotation goes on without it. Its own objects are saved all the same.";
  return {
    backup: { kind: "none", why: chosen },
    findings: [finding("backup.not-possible", TARGET, sentence, { severity: "warning", hint })],
  };
}

/** @returns the reason, where there is none to choose */
function choose(
  { resourceSet, encryptionConfigSecret }: OperatorWish,
  operator: BackupOperator,
): Extract<WantedBackup, { kind: "operator" }> | string {
  if (operator.kind === "unusable") return operator.why;
  const there = operator.resourceSets.length === 0 ? "there is none" : `there are ${operator.resourceSets.join(", ")}`;
  const wanted = resourceSet === undefined ? USUAL_SETS : [resourceSet];
  const set = wanted.find((name) => operator.resourceSets.includes(name));
  if (set === undefined) return `there is no ResourceSet ${wanted.join(" or ")}; ${there}`;
  if (encryptionConfigSecret === undefined) return { kind: "operator", resourceSet: set };
  if (operator.encryptionConfigFound) return { kind: "operator", resourceSet: set, encryptionConfigSecret };
  return `there is no Secret ${operator.namespace}/${encryptionConfigSecret} for its encryption`;
}

function warnings({ resourceSet, encryptionConfigSecret }: Extract<WantedBackup, { kind: "operator" }>): Finding[] {
  if (resourceSet === SET_WITHOUT_SECRETS) {
    const sentence = `ResourceSet ${resourceSet} selects no Secrets: the backup will hold no certificate and no token.`;
    return [finding("backup.without-secrets", TARGET, sentence)];
  }
  if (encryptionConfigSecret !== undefined) return [];
  const sentence = "No encryption configuration is named: the operator's backup will hold every Secret in the clear.";
  return [finding("backup.plain-secrets", TARGET, sentence)];
}
