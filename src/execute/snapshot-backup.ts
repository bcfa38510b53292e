/**
 * A snapshot of the management cluster's etcd, verified and kept in a directory of its own:
 *
 *   backup.json  backups/etcd-snapshot-….db.age  backups/rotation-key.*
 */
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { checkSnapshot } from "../backup/etcd-snapshot.ts";
import { entryAt, inNewDirectory } from "../backup/new-directory.ts";
import type { IdentityChoice, OwnerIdentity } from "../backup/owner-identity.ts";
import { unwritable, writePrivateFile } from "../backup/private-files.ts";
import { measure, measureFile } from "../backup/sealed-stream.ts";
import { Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import { snapshotStatus, snapshotStatusSchema } from "../remote/etcdutl.ts";
import { refuseExisting } from "./container-backup.ts";
import { BACKUP_FILE } from "./estate-backup.ts";

/** What the directory says of itself; no secret is in it. */
export const snapshotBackupSchema = z.object({
  format: z.literal("farrier.snapshot-backup/v1"),
  madeAt: z.string(),
  /** The file as it was given: its name, and its bytes. */
  snapshot: z.object({ name: z.string(), bytes: z.int(), sha256: z.string() }),
  /** What etcdutl read in it; absent where it is not installed. */
  status: snapshotStatusSchema.exactOptional(),
  sealed: z.object({ file: z.string(), sha256: z.string(), bytes: z.int() }),
});
export type SnapshotBackup = z.infer<typeof snapshotBackupSchema>;

export interface SnapshotBackupRequest {
  readonly snapshot: string;
  readonly directory: string;
  readonly identity: IdentityChoice;
  readonly recipients?: readonly string[];
  readonly now: Date;
}

/**
 * Checks the snapshot by etcd's own checksum, and by etcdutl where that is there; keeps it, encrypted; reads it again.
 * The file that was given stays where it is.
 * @throws FarrierError `rotation.exists`, `rotation.unwritable`, `input.*`, `backup.*`
 */
export async function backUpSnapshot(
  request: SnapshotBackupRequest,
): Promise<{ readonly backup: SnapshotBackup; readonly owner?: OwnerIdentity }> {
  const { snapshot, directory, identity, recipients, now } = request;
  refuseExisting(directory);
  await checkSnapshot(snapshot);
  const status = await snapshotStatus(snapshot);
  const given = await measureFile(snapshot);
  const file = `backups/etcd-snapshot-${now.toISOString().replaceAll(/[-:]|\.\d+/g, "")}.db.age`;
  return await inNewDirectory(directory, async () => {
    const { vault, owner } = await Vault.create(directory, { ...identity, recipients });
    const sealed = await vault.sealStream(file, createReadStream(snapshot));
    const backup: SnapshotBackup = {
      format: "farrier.snapshot-backup/v1",
      madeAt: now.toISOString(),
      snapshot: { name: basename(snapshot), ...given },
      ...(status === undefined ? {} : { status }),
      sealed,
    };
    const { measured, written } = measure();
    measured.resume();
    await pipeline(await vault.unsealStream(sealed), measured);
    if (written().sha256 !== given.sha256) {
      throw new FarrierError("backup.incomplete", `${file} does not hold what was read from ${snapshot}.`, {
        hint: "It was written while it was read. Wait until the snapshot is complete, and run the command again.",
      });
    }
    await writePrivateFile(join(directory, BACKUP_FILE), `${JSON.stringify(backup, null, 2)}\n`);
    return owner === undefined ? { backup } : { backup, owner };
  });
}

/** A backup that was made of a snapshot; undefined when the directory holds something else. */
export async function findSnapshotBackup(directory: string): Promise<SnapshotBackup | undefined> {
  try {
    return snapshotBackupSchema.parse(JSON.parse(await readFile(join(directory, BACKUP_FILE), "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * Writes the snapshot out again as it was given, readable for its owner alone.
 * @param to a file that is not there yet
 * @throws FarrierError `input.file-exists`, `rotation.unwritable`, `backup.*`
 */
export async function takeOutSnapshot(
  directory: string,
  { sealed }: SnapshotBackup,
  { to, identity }: { readonly to: string; readonly identity: IdentityChoice },
): Promise<void> {
  if (entryAt(to) !== undefined) {
    throw new FarrierError("input.file-exists", `${to} is there already.`, { hint: "Name a file that is not there." });
  }
  const vault = await Vault.open(directory, identity);
  const content = await vault.unsealStream(sealed);
  const file = createWriteStream(to, { flags: "wx", mode: 0o600, flush: true });
  let isOurs = false;
  file.once("open", () => {
    isOurs = true;
  });
  try {
    await pipeline(content, file);
  } catch (error) {
    // Somebody else may have made one of that name meanwhile.
    if (isOurs) await rm(to, { force: true });
    throw unwritable(to, error);
  }
}
