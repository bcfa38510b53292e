/** etcd's own program for files, where this machine has it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { FarrierError } from "../errors.ts";

/** What etcd says of a snapshot. */
export const snapshotStatusSchema = z.object({
  /** Of all keys and values: the same for the same content. */
  hash: z.int(),
  revision: z.int(),
  totalKey: z.int(),
  totalSize: z.int(),
});
export type SnapshotStatus = z.infer<typeof snapshotStatusSchema>;

/**
 * `etcdutl snapshot status`, which opens the database and reads every key.
 * @returns undefined where the machine has no etcdutl
 * @throws FarrierError `backup.incomplete` when it finds the snapshot damaged
 */
export async function snapshotStatus(path: string): Promise<SnapshotStatus | undefined> {
  const failed = (why: string, cause: unknown): FarrierError =>
    new FarrierError("backup.incomplete", `etcdutl finds ${path} damaged: ${why}.`, {
      hint: "Save a new snapshot.",
      cause,
    });
  let output: string;
  try {
    const args = ["snapshot", "status", path, "--write-out=json"];
    output = (await promisify(execFile)("etcdutl", args, { maxBuffer: 1 << 24 })).stdout;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw failed(lastWords(error), error);
  }
  try {
    return snapshotStatusSchema.parse(JSON.parse(output));
  } catch (cause) {
    throw failed("its answer cannot be read", cause);
  }
}

/** What it wrote last; a panic's trace says nothing to people. */
function lastWords(error: unknown): string {
  const said = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  const line =
    said.split("\n").find((one) => /^(Error|panic|unexpected fault)/.test(one)) ?? said.trim().split("\n")[0];
  return line === undefined || line === "" ? "it said nothing" : line.replace(/\.$/, "").slice(0, 300);
}
