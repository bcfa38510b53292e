/** A directory that a backup, a rotation or a refresh is made in: there with all that belongs into it, or not at all. */
import { lstatSync, type Stats } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { FarrierError } from "../errors.ts";

/** Below such a directory: what is secret. */
export const SEALED_FOLDER = "backups";

/** By one of these, a directory is a rotation's, a refresh's or a backup's, also where the rest was lost. */
const MANIFESTS = ["plan.json", "backup.json", "journal.jsonl"];

/**
 * A directory that holds something else already would lose the keys of that. Where `backups` is a link, they would come to
 * lie in somebody else's directory.
 * @throws FarrierError `rotation.exists`, `rotation.unwritable`
 */
export function refuseOccupied(directory: string): void {
  const found = MANIFESTS.find((name) => entryAt(join(directory, name)) !== undefined);
  if (found !== undefined) {
    throw new FarrierError(
      "rotation.exists",
      `${directory} already holds a ${found}: it is a rotation's or a backup's.`,
      {
        hint: "Name another directory: neither is written over.",
      },
    );
  }
  const folder = join(directory, SEALED_FOLDER);
  if (entryAt(folder)?.isSymbolicLink() === true) {
    throw new FarrierError("rotation.unwritable", `${folder} is a symbolic link.`, {
      hint: "Name another directory: what is secret lies in the very directory, for its owner alone.",
    });
  }
}

/** Does the work; where it fails, removes the directory, or its folder of secrets, if that was not there before. */
export async function inNewDirectory<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const made = [directory, join(directory, SEALED_FOLDER)].find(isMissing);
  try {
    return await work();
  } catch (error) {
    if (made !== undefined) await rm(made, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** What is at a path: of a link, the link itself. Undefined where nothing is, or nothing can be seen. */
export function entryAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Sure enough to be removed again: what cannot be seen counts as there, and so does a link that leads nowhere. */
function isMissing(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}
