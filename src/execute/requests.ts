/**
 * What people ask of a rotation while another process may be working on it: small files in the rotation's
 * `requests/`. The journal has one writer, so the runner takes them up between two steps and journals them.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ensurePrivateDirectory, writePrivateFile } from "../backup/private-files.ts";
import { FarrierError } from "../errors.ts";

const requestSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("pause"), by: z.string(), why: z.string() }),
  z.object({ kind: z.literal("resume"), by: z.string() }),
  z.object({
    kind: z.literal("waive"),
    waiver: z.object({ clusterId: z.string(), by: z.string(), reason: z.string(), until: z.string() }),
  }),
]);
export type PersonRequest = z.infer<typeof requestSchema>;

const FOLDER = "requests";

/**
 * Leaves a request. It is taken up by the process that works on the rotation, or by the next one.
 * @throws FarrierError `rotation.unwritable`
 */
export async function leaveRequest(directory: string, request: PersonRequest): Promise<void> {
  await ensurePrivateDirectory(join(directory, FOLDER));
  const name = `${Date.now()}-${randomBytes(4).toString("hex")}-${request.kind}.json`;
  await writePrivateFile(join(directory, FOLDER, name), `${JSON.stringify(request)}\n`);
}

/** A request as it lies there; `settle` removes it, once it is in the journal. */
export interface LeftRequest {
  readonly request: PersonRequest;
  settle(): Promise<void>;
}

/**
 * What was left, oldest first. Looks at the disk only where there is something.
 * @throws FarrierError `input.invalid` for a file that is no request
 */
export async function leftRequests(directory: string): Promise<LeftRequest[]> {
  const folder = join(directory, FOLDER);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { request: parseRequest(await readFile(path, "utf8"), path), settle: () => rm(path, { force: true }) };
    }),
  );
}

function parseRequest(text: string, path: string): PersonRequest {
  try {
    return requestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new FarrierError("input.invalid", `${path} is not a request that farrier left.`, {
      hint: "Remove the file.",
      cause: error,
    });
  }
}
