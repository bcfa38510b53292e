/**
 * A backup of an estate in a directory of its own, and the finding of saved objects again: there, or in a rotation.
 *
 *   backup.json  backups/objects-….age  backups/rotation-key.*
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type SavedObject, sealObjects, unsealObjects } from "../backup/archive.ts";
import { collectObjects, type Unsaved } from "../backup/collect.ts";
import { DOWNSTREAM_COLLECTIONS, managementCollections } from "../backup/collections.ts";
import { inNewDirectory } from "../backup/new-directory.ts";
import type { IdentityChoice, OwnerIdentity } from "../backup/owner-identity.ts";
import { writePrivateFile } from "../backup/private-files.ts";
import { Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import { namespaces } from "../kubernetes/resource.ts";
import { mapLimited } from "../observe/concurrency.ts";
import type { World } from "../observe/world.ts";
import { listManagementClusters } from "../rancher/management-cluster.ts";
import { openRotation, PLAN_FILE } from "./rotation.ts";
import { savedSchema } from "./steps/save-objects.ts";

export const BACKUP_FILE = "backup.json";

/** What the directory says of itself; no secret is in it. */
export const backupSchema = z.object({
  format: z.literal("farrier.backup/v1"),
  madeAt: z.string(),
  estate: z.object({ kubeSystemUid: z.string(), serverUrl: z.string() }),
  clusters: z.array(
    z.object({ id: z.string(), name: z.string(), kubeSystemUid: z.string().optional(), objects: z.number().int() }),
  ),
  /** What could not be read, and why. */
  unsaved: z.array(z.object({ cluster: z.string(), what: z.string(), why: z.string() })),
  sealed: z.object({ file: z.string(), sha256: z.string() }),
});
export type Backup = z.infer<typeof backupSchema>;

export interface BackupRequest {
  readonly directory: string;
  readonly world: World;
  readonly identity: IdentityChoice;
  readonly recipients?: readonly string[];
  readonly now: Date;
}

/** A cluster that answers slower than this is as good as unreachable. */
const ANSWER_MS = 15_000;
const AT_ONCE = 50;

/**
 * Saves every object that any procedure may change, and proves that the archive can be opened. Clusters that do not
 * answer are named in the result.
 * @throws FarrierError `rotation.exists`, `rotation.unwritable`, `backup.*`, `api.*`
 */
export async function makeBackup(request: BackupRequest): Promise<{ backup: Backup; owner?: OwnerIdentity }> {
  const { directory, world, now } = request;
  if (existsSync(join(directory, BACKUP_FILE))) {
    throw new FarrierError("rotation.exists", `${directory} already holds a backup.`, {
      hint: "Name another directory: a backup is never written over.",
    });
  }
  const parts = await collectEstate(world);
  const recipients = request.recipients;
  return await inNewDirectory(directory, async () => {
    const { vault, owner } = await Vault.create(directory, { ...request.identity, recipients });
    const sealed = await sealObjects(
      vault,
      parts.flatMap(({ objects }) => objects),
    );
    await vault.prove([sealed]);
    const backup: Backup = {
      format: "farrier.backup/v1",
      madeAt: now.toISOString(),
      estate: world.identity,
      clusters: parts.map(({ objects, unsaved: _, ...cluster }) => ({ ...cluster, objects: objects.length })),
      unsaved: parts.flatMap(({ unsaved }) => unsaved),
      sealed,
    };
    await writePrivateFile(join(directory, BACKUP_FILE), `${JSON.stringify(backup, null, 2)}\n`);
    return owner === undefined ? { backup } : { backup, owner };
  });
}

interface ClusterPart {
  readonly id: string;
  readonly name: string;
  readonly kubeSystemUid?: string;
  readonly objects: readonly SavedObject[];
  readonly unsaved: readonly Unsaved[];
}

async function collectEstate(world: World): Promise<ClusterPart[]> {
  const clusters = await listManagementClusters(world.management);
  const own = await collectObjects(world.management, "local", managementCollections(world.namespace));
  const local = { id: "local", name: "local", kubeSystemUid: world.identity.kubeSystemUid, ...own };
  const downstream = clusters.filter((cluster) => !cluster.local);
  return [local, ...(await mapLimited(downstream, AT_ONCE, (cluster) => collectDownstream(world, cluster)))];
}

async function collectDownstream(
  world: World,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<ClusterPart> {
  const api = world.downstream(id, { timeoutMs: ANSWER_MS });
  try {
    // One request first: a cluster that is away is asked once, not five times.
    const uid = (await api.get(namespaces, "kube-system"))?.metadata.uid;
    const found = await collectObjects(api, id, DOWNSTREAM_COLLECTIONS);
    return { id, name, ...(uid === undefined ? {} : { kubeSystemUid: uid }), ...found };
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    return { id, name, objects: [], unsaved: [{ cluster: id, what: "everything", why: error.message }] };
  }
}

/** Saved objects, and the estate that they are from. */
export interface FoundBackup {
  readonly estate: { readonly kubeSystemUid: string; readonly serverUrl: string };
  readonly madeAt: string;
  /** UID of each cluster's `kube-system` when it was saved, where that is known. */
  readonly kubeSystemUids: ReadonlyMap<string, string>;
  readonly objects: readonly SavedObject[];
}

/**
 * Opens what `farrier backup` made, or what a rotation saved before it changed anything.
 * @throws FarrierError `input.file-missing`, `backup.*`, `plan.*`, `journal.*`
 */
export async function openBackup(directory: string, identity: IdentityChoice): Promise<FoundBackup> {
  const path = join(directory, BACKUP_FILE);
  if (!existsSync(path)) {
    if (existsSync(join(directory, PLAN_FILE))) return await savedByRotation(directory, identity);
    throw new FarrierError(
      "input.file-missing",
      `${directory} holds no backup: there is no backup.json, and no plan.json.`,
      {
        hint: "Name the directory that farrier backup --out made, or that of a rotation or a refresh.",
      },
    );
  }
  const backup = parseBackup(await readFile(path, "utf8"), path);
  const uids = backup.clusters.flatMap(({ id, kubeSystemUid }): [string, string][] =>
    kubeSystemUid === undefined ? [] : [[id, kubeSystemUid]],
  );
  return {
    estate: backup.estate,
    madeAt: backup.madeAt,
    kubeSystemUids: new Map(uids),
    objects: await unsealObjects(await Vault.open(directory, identity), backup.sealed),
  };
}

async function savedByRotation(directory: string, identity: IdentityChoice): Promise<FoundBackup> {
  const { firstPlan, state } = await openRotation(directory);
  const step = state?.plans[0]?.steps["rotation/save-objects"];
  const saved = savedSchema.safeParse(step?.before);
  if (step === undefined || !saved.success) {
    throw new FarrierError("backup.missing", `The rotation in ${directory} has saved nothing yet.`, {
      hint: "farrier apply saves before it changes anything; farrier backup saves without a rotation.",
    });
  }
  const uids = firstPlan.clusters.flatMap(({ id, kubeSystemUid }): [string, string][] =>
    kubeSystemUid === undefined ? [] : [[id, kubeSystemUid]],
  );
  return {
    estate: firstPlan.estate,
    madeAt: step.at,
    kubeSystemUids: new Map(uids),
    objects: await unsealObjects(await Vault.open(directory, identity), saved.data.sealed),
  };
}

function parseBackup(text: string, path: string): Backup {
  try {
    return backupSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new FarrierError("backup.altered", `${path} is not what farrier backup wrote.`, { cause: error });
  }
}
