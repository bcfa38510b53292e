/**
 * A snapshot of etcd, as `etcdctl snapshot save`, `rke etcd snapshot-save`, `rke2` and `k3s etcd-snapshot save` make it:
 * the database, whose length is a multiple of 512 bytes, and after it the SHA-256 of that.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { FarrierError } from "../errors.ts";

const BLOCK_BYTES = 512;
const CHECKSUM_BYTES = 32;

/** How compressed files begin: RKE, and the others when told to, make a zip of the snapshot. */
const ZIP = Buffer.from("PK\u0003\u0004", "latin1");

/**
 * Reads a snapshot to its end and checks what etcd wrote there.
 * @returns its length
 * @throws FarrierError `input.file-missing`, `input.file-empty`, `input.file-unreadable`, `input.needs-conversion`,
 *   `backup.incomplete`
 */
export async function checkSnapshot(path: string): Promise<number> {
  const { size } = await statOf(path);
  if (size === 0) throw new FarrierError("input.file-empty", `${path} is empty.`);
  const hash = createHash("sha256");
  let read = 0;
  let end: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path)) {
      if (read === 0) refuseZip(chunk, path);
      const rest = Buffer.concat([end, chunk]);
      hash.update(rest.subarray(0, Math.max(0, rest.length - CHECKSUM_BYTES)));
      end = rest.subarray(Math.max(0, rest.length - CHECKSUM_BYTES));
      read += chunk.length;
    }
  } catch (error) {
    if (error instanceof FarrierError) throw error;
    throw new FarrierError("input.file-unreadable", `${path} cannot be read.`, { cause: error });
  }
  if (read % BLOCK_BYTES !== CHECKSUM_BYTES) {
    throw damaged(`${path} does not end with etcd's checksum: it was cut off, or is no snapshot.`);
  }
  if (!hash.digest().equals(end)) throw damaged(`${path} is not what etcd wrote: its checksum differs.`);
  return read;
}

async function statOf(path: string): Promise<{ readonly size: number }> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found;
  } catch (cause) {
    throw new FarrierError("input.file-missing", `${path} does not exist.`, { cause });
  }
  throw new FarrierError("input.file-unreadable", `${path} is not a regular file.`);
}

function refuseZip(beginning: Buffer, path: string): void {
  if (!beginning.subarray(0, ZIP.length).equals(ZIP)) return;
  throw new FarrierError("input.needs-conversion", `${path} is a zip archive.`, {
    hint: `Take the snapshot out of it first: unzip ${path}`,
  });
}

function damaged(sentence: string): FarrierError {
  return new FarrierError("backup.incomplete", sentence, {
    hint: "Save a new one: etcdctl snapshot save, rke etcd snapshot-save, or rke2 or k3s etcd-snapshot save.",
  });
}
