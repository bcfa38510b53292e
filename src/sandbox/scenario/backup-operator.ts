import { resourceKind } from "../api-server/built-in-kinds.ts";
import type { Clock } from "../clock.ts";
import {
  ApiError,
  type ClusterClient,
  type KubeObject,
  type NewObject,
  type ResourceRef,
  type Watch,
} from "../cluster-client.ts";
import type { Scenario } from "./scenario.ts";

const GROUP = { group: "resources.cattle.io", version: "v1", namespaced: false, custom: true } as const;

/** The operator's kinds, but for Restore. */
export const BACKUP_OPERATOR_KINDS = [
  resourceKind({ ...GROUP, resource: "backups", kind: "Backup", statusSubresource: true, tracksGeneration: true }),
  resourceKind({ ...GROUP, resource: "resourcesets", kind: "ResourceSet", tracksGeneration: true }),
];

const NAMESPACE = "cattle-resources-system";
const BACKUPS: ResourceRef = { group: "resources.cattle.io", version: "v1", resource: "backups" };

/** Seconds of the estate until the file is written. */
const BACKUP_SECONDS = 20;

const STATUS = { subresource: "status" } as const;

type Description = NonNullable<Scenario["backupOperator"]>;

/** What the chart brings. */
export function backupOperatorObjects({ resourceSets, encryptionConfig }: Description): NewObject[] {
  const apiVersion = "resources.cattle.io/v1";
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    ...resourceSets.map((name) => ({ apiVersion, kind: "ResourceSet", metadata: { name }, resourceSelectors: [] })),
    ...(encryptionConfig === undefined
      ? []
      : [
          {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: encryptionConfig, namespace: NAMESPACE },
            type: "Opaque",
            data: { "encryption-provider-config.yaml": "a2luZDogRW5jcnlwdGlvbkNvbmZpZ3VyYXRpb24=" },
          },
        ]),
  ];
}

/**
 * A stand-in for the backup operator: it works on each new Backup for a while and then names the file, as
 * `<name>-<UID of kube-system>-<time>.tar.gz`, with `.enc` where an encryption configuration was named.
 */
export class BackupOperator {
  readonly #description: Description;
  readonly #begun = new Set<string>();
  #watch: Watch | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(description: Description) {
    this.#description = description;
  }

  start(client: ClusterClient, clock: Clock): void {
    this.#watch = client.watch(BACKUPS, (event) => {
      const { name, uid = name } = event.object.metadata;
      if (this.#stopped || this.#begun.has(uid)) return;
      this.#begun.add(uid);
      this.#do(() =>
        write(client, name, () => ({ conditions: [condition("Reconciling", "True", "Processing backup")] })),
      );
      clock.after(BACKUP_SECONDS * 1000, () => this.#do(() => this.#finish(client, clock, name)));
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.close();
    await this.#work;
  }

  /** One after the other, and none after the end. */
  #do(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => (this.#stopped ? undefined : work()));
  }

  async #finish(client: ClusterClient, clock: Clock, name: string): Promise<void> {
    const system = await client.get({ group: "", version: "v1", resource: "namespaces" }, "kube-system");
    await write(client, name, (backup) => this.#result(backup, { at: clock.now(), uid: system?.metadata.uid ?? "" }));
  }

  #result(backup: KubeObject, { at, uid }: { readonly at: Date; readonly uid: string }): object {
    const { behaviour } = this.#description;
    if (behaviour === "fails") return { conditions: [condition("Stalled", "True", "no space left on device")] };
    const encrypted = Object(backup.spec).encryptionConfigSecretName !== undefined && behaviour !== "plain";
    const time = at
      .toISOString()
      .replaceAll(":", "-")
      .replace(/\.\d+Z/, "Z");
    const filename = `${backup.metadata.name}-${uid}-${time}.tar.gz${encrypted ? ".enc" : ""}`;
    const conditions = [condition("Ready", "True", "Completed"), condition("Uploaded", "True", "")];
    return { conditions, filename, storageLocation: "PV", backupType: "One-time", lastSnapshotTs: at.toISOString() };
  }
}

function condition(type: string, status: string, message: string): object {
  return { type, status, message };
}

/** Somebody may have deleted it. */
async function write(client: ClusterClient, name: string, status: (backup: KubeObject) => object): Promise<void> {
  try {
    const backup = await client.get(BACKUPS, name);
    if (backup !== undefined) await client.update(BACKUPS, { ...backup, status: status(backup) }, STATUS);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
