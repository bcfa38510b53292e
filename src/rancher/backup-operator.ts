/**
 * Rancher's backup operator (chart `rancher-backup`): a `Backup` asks it for one archive of the objects that a
 * `ResourceSet` selects. Both are cluster-scoped; Secrets that it reads are in its own namespace.
 */
import { z } from "zod";
import type { KubeObject } from "../kubernetes/object.ts";
import type { Resource } from "../kubernetes/resource.ts";

export const BACKUP_OPERATOR_NAMESPACE = "cattle-resources-system";

const GROUP = { group: "resources.cattle.io", version: "v1" };
export const operatorBackups: Resource = { ...GROUP, plural: "backups" };
export const resourceSets: Resource = { ...GROUP, plural: "resourcesets" };

export interface OperatorBackup {
  /** What the person chose, or the chart's own set with Secrets in it. */
  readonly resourceSet: string;
  /** Secret in the operator's namespace with the encryption configuration. */
  readonly encryptionConfigSecret?: string | undefined;
}

export function operatorBackupBody(name: string, { resourceSet, encryptionConfigSecret }: OperatorBackup) {
  return {
    apiVersion: "resources.cattle.io/v1",
    kind: "Backup",
    metadata: { name },
    spec: {
      resourceSetName: resourceSet,
      ...(encryptionConfigSecret === undefined ? {} : { encryptionConfigSecretName: encryptionConfigSecret }),
    },
  };
}

export type OperatorBackupState =
  | { readonly kind: "waiting"; readonly words: string }
  | { readonly kind: "failed"; readonly why: string }
  /** `where`: `PV` or `S3`, as the operator says it. */
  | { readonly kind: "made"; readonly file: string; readonly where: string };

const statusSchema = z.object({
  filename: z.string().default(""),
  storageLocation: z.string().default(""),
  conditions: z
    .array(z.object({ type: z.string(), status: z.string(), message: z.string().default("") }))
    .nullish()
    .transform((conditions) => conditions ?? []),
});

/**
 * What has become of a Backup. Pure. It is made when condition Ready is True and a file is named,
 * `<name>-<UID of kube-system>-<time>.tar.gz`, with `.enc` behind it when it is encrypted.
 * @param estate the UID of its kube-system
 */
export function operatorBackupState(
  object: KubeObject,
  asked: { readonly estate: string; readonly encrypted: boolean },
): OperatorBackupState {
  const status = statusSchema.safeParse(object.status ?? {});
  if (!status.success) return { kind: "waiting", words: "its status cannot be read" };
  const { filename, storageLocation, conditions } = status.data;
  const condition = (type: string) => conditions.find((one) => one.type === type);
  const stalled = condition("Stalled");
  if (stalled?.status === "True") return { kind: "failed", why: `the operator gave up: ${stalled.message}` };
  if (condition("Ready")?.status !== "True" || filename === "") {
    const words = conditions.map(({ type, message }) => `${type}: ${message}`).join("; ");
    return { kind: "waiting", words: words === "" ? "the operator has not looked at it" : words };
  }
  if (!filename.startsWith(`${object.metadata.name}-${asked.estate}-`)) {
    return { kind: "failed", why: `its file ${filename} is not of this estate` };
  }
  if (asked.encrypted && !filename.endsWith(".enc")) {
    return { kind: "failed", why: `its file ${filename} is not encrypted, although that was asked for` };
  }
  return { kind: "made", file: filename, where: storageLocation };
}
