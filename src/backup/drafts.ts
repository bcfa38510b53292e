/**
 * Files that are being written, beside what they will be called. Their name says whose they are, so that those of a
 * process that was killed can be told from those of one that still writes: `plan.json.draft-4711-83425-lab-7`, process
 * 4711, started at tick 83425 of host lab-7.
 */
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isPresent, startOf } from "./process-presence.ts";

const DRAFT = /\.draft-(\d+)-(\d*)-(.+)$/;

/** Where this process writes what will be `path`. */
export function draftOf(path: string): string {
  return `${path}.draft-${process.pid}-${startOf(process.pid)}-${hostname()}`;
}

/**
 * Removes the drafts of processes that have ended. Those of another host stay: nobody here can look there. So does what
 * cannot be removed: it is in nobody's way.
 */
export async function clearAbandonedDrafts(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter(isAbandoned)) await rm(join(directory, name), { force: true }).catch(() => {});
}

function isAbandoned(name: string): boolean {
  const [, pid, started = "", host] = DRAFT.exec(name) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  return !isPresent({ pid: Number(pid), started });
}
