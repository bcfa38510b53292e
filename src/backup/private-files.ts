/** Files that only their owner may read, on disk before anybody relies on them. */
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { FarrierError } from "../errors.ts";
import { draftOf } from "./drafts.ts";

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Makes a directory that only its owner may enter. One that exists stays as it is: others may use it as well, and what is
 * written there is for its owner alone.
 * @throws FarrierError `rotation.unwritable`
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Writes a whole file (0600) so that a reader sees the old content or the new one, never a part; file and directory
 * are flushed when it resolves.
 * @throws FarrierError `rotation.unwritable`, when the disk is full for instance
 */
export async function writePrivateFile(path: string, content: Uint8Array | string): Promise<void> {
  const draft = draftOf(path);
  try {
    const file = await open(draft, "w", FILE_MODE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    // Half a draft is of no use, and where the disk is full its room is.
    await rm(draft, { force: true }).catch(() => {});
    throw unwritable(path, error);
  }
}

/** Flushes a directory, so that a file made or renamed in it survives a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** What the file system said, as an error for people. */
export function unwritable(path: string, cause: unknown): FarrierError {
  const reason = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new FarrierError("rotation.unwritable", `${path} cannot be written${reason}.`, { cause });
}
