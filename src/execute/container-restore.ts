/** Puts the data of a single-container Rancher back. What was there is kept beside it until the other is in place. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { IdentityChoice } from "../backup/owner-identity.ts";
import { readTar } from "../backup/tar-content.ts";
import { Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import { DATA_DIRECTORY, type RancherContainer } from "../rancher/single-container.ts";
import { type ContainerBackup, containerBackupSchema, openData, verifyData } from "./container-backup.ts";
import { type AtEngine, changeData, eachBut, interruptible, readData, whileStopped } from "./container-data.ts";
import { BACKUP_FILE } from "./estate-backup.ts";

/** What was there before, whole. */
const ASIDE = ".farrier-aside";
/** The same while it is moved, so that a part is never taken for the whole. */
const MOVING = ".farrier-moving";

/** What is to be forgotten, all of it: so a part of it is never taken for what was there. */
const FORGOTTEN = ".farrier-forgotten";

/** Leaves the data as it was before {@link PUT_ASIDE}, wherever that, or what followed, was cut off. */
export const PUT_BACK = [
  `set -e; cd ${DATA_DIRECTORY}; rm -rf ${FORGOTTEN}`,
  `if [ -d ${ASIDE} ]; then ${eachBut(ASIDE, 'rm -rf -- "$f"')}; mv ${ASIDE} ${MOVING}; fi`,
  `if [ -d ${MOVING} ]; then cd ${MOVING}; ${eachBut(MOVING, 'mv -- "$f" ..')}; cd ..; rmdir ${MOVING}; fi`,
].join("; ");
const PUT_ASIDE = `${PUT_BACK}; mkdir -m 700 ${MOVING}; ${eachBut(MOVING, `mv -- "$f" ${MOVING}`)}; mv ${MOVING} ${ASIDE}`;
const FORGET = `set -e; cd ${DATA_DIRECTORY}; mv ${ASIDE} ${FORGOTTEN}; rm -rf ${FORGOTTEN}`;

/**
 * A backup that was made of a container; undefined when the directory holds something else.
 * @param file what tells of it; a rotation's own one is called otherwise
 */
export async function findContainerBackup(directory: string, file = BACKUP_FILE): Promise<ContainerBackup | undefined> {
  try {
    return containerBackupSchema.parse(JSON.parse(await readFile(join(directory, file), "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * Reads the backup from its beginning to its end.
 * @throws FarrierError `backup.*`
 */
export async function proveContainerBackup(
  directory: string,
  { sealed, data }: ContainerBackup,
  identity: IdentityChoice,
): Promise<Vault> {
  const vault = await Vault.open(directory, identity);
  await verifyData(vault, { sealed, sha256: data.sha256 });
  return vault;
}

/** Rancher brings its data up to its own version when it starts, and never down. @throws FarrierError `engine.container-unsuitable` */
export function refuseOtherVersion(container: RancherContainer, backup: ContainerBackup): void {
  const { version, image } = backup.container;
  if (container.version === version) return;
  throw new FarrierError(
    "engine.container-unsuitable",
    `The backup is of Rancher ${version}, and container ${container.name} runs ${container.version}.`,
    { hint: `Make a container of ${image} with --volumes-from ${container.name}, and name it with --container.` },
  );
}

/**
 * Replaces the data by that of a backup that was proved. The container stands still meanwhile; on any failure it has
 * the data that it had.
 * @returns why the container could not be started again, if so
 * @throws FarrierError `backup.incomplete`, `engine.*`, `lock.held`
 */
export async function restoreContainer(
  place: AtEngine,
  backup: ContainerBackup,
  vault: Vault,
): Promise<FarrierError | undefined> {
  const { notStarted } = await whileStopped(place, "restore", async () => {
    await changeData(place, PUT_ASIDE, "Putting the present data aside");
    try {
      await unpackData(place, backup, vault);
    } catch (error) {
      await changeData(place, PUT_BACK, `What was there is in ${ASIDE}, and putting it back`);
      throw error;
    }
    await changeData(place, FORGET, "Removing the former data");
  });
  return notStarted;
}

async function unpackData(place: AtEngine, { sealed, data }: ContainerBackup, vault: Vault): Promise<void> {
  const { engine, container, signal } = place;
  await interruptible(signal, async () => {
    const tar = new PassThrough(signal === undefined ? {} : { signal });
    const opening = openData(await vault.unsealStream(sealed), tar);
    await engine.unpack(container.id, { path: DATA_DIRECTORY, tar });
    await opening;
  });
  const there = await readData({ engine, container: { ...container, running: false } }, readTar, ASIDE);
  if (there.files === data.files && there.bytes === data.bytes) return;
  throw new FarrierError(
    "backup.incomplete",
    `The engine at ${engine.place} did not unpack all of it into container ${container.name}: ${there.files} of ${data.files} files are there.`,
  );
}
