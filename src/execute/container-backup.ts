/**
 * A backup of a single-container Rancher's data, in a directory of its own:
 *
 *   backup.json  backups/rancher-data-….tar.gz.age  backups/rotation-key.*
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { z } from "zod";
import { inNewDirectory } from "../backup/new-directory.ts";
import type { IdentityChoice, OwnerIdentity } from "../backup/owner-identity.ts";
import { writePrivateFile } from "../backup/private-files.ts";
import { measure } from "../backup/sealed-stream.ts";
import { readTar, type TarContent } from "../backup/tar-content.ts";
import { type SealedStream, Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import { DATA_DIRECTORY } from "../rancher/single-container.ts";
import { type AtEngine, interruptible, readData, whileStopped } from "./container-data.ts";
import { BACKUP_FILE } from "./estate-backup.ts";

/** What the directory says of itself; no secret is in it. */
export const containerBackupSchema = z.object({
  format: z.literal("farrier.container-backup/v1"),
  madeAt: z.string(),
  container: z.object({ id: z.string(), name: z.string(), image: z.string(), version: z.string() }),
  /** Whether the container stood still. A copy of a database that runs may not be consistent. */
  copy: z.enum(["stopped", "hot"]),
  /** Of the data: an uncompressed tar, its digest, and what is in it. */
  data: z.object({
    directory: z.literal(DATA_DIRECTORY),
    sha256: z.string(),
    files: z.int().min(0),
    bytes: z.int().min(0),
  }),
  sealed: z.object({ file: z.string(), sha256: z.string(), bytes: z.int() }),
});
export type ContainerBackup = z.infer<typeof containerBackupSchema>;

/** One copy, into a directory with a vault. */
export interface ContainerCopyRequest extends AtEngine {
  readonly hot: boolean;
  readonly now: Date;
}

export interface ContainerBackupRequest extends ContainerCopyRequest {
  readonly directory: string;
  readonly identity: IdentityChoice;
  readonly recipients?: readonly string[];
}

export interface ContainerCopied {
  readonly backup: ContainerBackup;
  /** The backup is good, but the container could not be started again. */
  readonly notStarted?: FarrierError;
}

export interface ContainerBackupMade extends ContainerCopied {
  readonly owner?: OwnerIdentity;
}

/**
 * Copies the data into a directory of its own. What a failure leaves behind is nothing.
 * @throws FarrierError `rotation.exists`, `rotation.unwritable`, `backup.*`, `engine.*`, `lock.held`
 */
export async function backUpContainer(request: ContainerBackupRequest): Promise<ContainerBackupMade> {
  const { directory, identity, recipients } = request;
  refuseExisting(directory);
  return await inNewDirectory(directory, async () => {
    const { vault, owner } = await Vault.create(directory, { ...identity, recipients });
    const copied = await copyContainer(request, vault);
    await writePrivateFile(join(directory, BACKUP_FILE), `${JSON.stringify(copied.backup, null, 2)}\n`);
    return owner === undefined ? copied : { ...copied, owner };
  });
}

/**
 * Copies the data, encrypted on its way to the disk, and reads the copy again from its beginning to its end. A copy that
 * fails leaves no file.
 * @throws FarrierError `rotation.unwritable`, `backup.*`, `engine.*`, `lock.held`
 */
export async function copyContainer(request: ContainerCopyRequest, vault: Vault): Promise<ContainerCopied> {
  const { container, now, hot } = request;
  try {
    const copied = hot
      ? { result: await copyData(request, vault) }
      : await whileStopped(request, "copy", () => copyData(request, vault));
    const { sealed, sha256 } = copied.result;
    const content = await verifyData(vault, { sealed, sha256 });
    const { id, name, image, version } = container;
    const backup: ContainerBackup = {
      format: "farrier.container-backup/v1",
      madeAt: now.toISOString(),
      container: { id, name, image, version },
      copy: hot && container.running ? "hot" : "stopped",
      data: { directory: DATA_DIRECTORY, sha256, ...content },
      sealed,
    };
    const { notStarted } = { notStarted: undefined, ...copied };
    return notStarted === undefined ? { backup } : { backup, notStarted };
  } catch (error) {
    await rm(join(vault.directory, archiveFile(request)), { force: true }).catch(() => {});
    throw error;
  }
}

/** @throws FarrierError `rotation.exists` */
export function refuseExisting(directory: string): void {
  if (!existsSync(join(directory, BACKUP_FILE))) return;
  throw new FarrierError("rotation.exists", `${directory} already holds a backup.`, {
    hint: "Name another directory: a backup is never written over.",
  });
}

interface Copied {
  readonly sealed: SealedStream;
  /** Of the tar. */
  readonly sha256: string;
}

async function copyData(request: ContainerCopyRequest, vault: Vault): Promise<Copied> {
  return await readData(request, async (tar) => {
    const { measured, written } = measure();
    const packed = createGzip();
    const packing = pipeline(tar, measured, packed);
    // It fails together with the writing, which tells the person.
    packing.catch(() => {});
    const sealed = await vault.sealStream(archiveFile(request), packed);
    await packing;
    return { sealed, sha256: written().sha256 };
  });
}

/** In the directory; with version and date, as people name such copies by hand. */
function archiveFile({ container, now }: ContainerCopyRequest): string {
  const version = container.version.replaceAll(/[^A-Za-z0-9.]+/g, "-");
  const date = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `backups/rancher-data-${version}-${date}.tar.gz.age`;
}

/**
 * Opens the copy and reads all of it: it is the file that was written, can be decrypted by this person, is a whole tar
 * with files in it, and the very bytes that were read.
 * @throws FarrierError `backup.*`
 */
export async function verifyData(vault: Vault, { sealed, sha256 }: Copied, signal?: AbortSignal): Promise<TarContent> {
  const { file } = sealed;
  const { measured, written } = measure();
  const reading = openData(await vault.unsealStream(sealed), measured);
  const content = await interruptible(signal, async () => {
    try {
      return await readTar(measured);
    } catch (cause) {
      throw new FarrierError("backup.incomplete", `${file} does not hold a whole copy.`, { cause });
    }
  });
  await reading;
  if (content.files === 0) {
    throw new FarrierError("backup.incomplete", `${file} holds no file: ${DATA_DIRECTORY} was empty.`, {
      hint: "Is it the container that Rancher runs in? It may have been started with another data directory.",
    });
  }
  if (written().sha256 !== sha256) {
    throw new FarrierError("backup.incomplete", `${file} does not hold what was read from the container.`);
  }
  return content;
}

/** Unpacks what was decrypted into `into`, which fails when that does; resolves, whatever happens, when it has ended. */
export async function openData(decrypted: Readable, into: Writable): Promise<void> {
  await pipeline(decrypted, createGunzip(), into).catch(() => {});
}
