/** Whether a process is still there: who took something in hand may have been killed, and its process id used again. */
import { readFileSync } from "node:fs";

/** A process, by what tells it from every later one of the same id. */
export interface ProcessMark {
  readonly pid: number;
  /** {@link startOf}; empty where the system does not tell it, which leaves the id alone to tell. */
  readonly started: string;
}

/** On this machine; a process of somebody else's counts. */
export function isPresent({ pid, started }: ProcessMark): boolean {
  return exists(pid) && started === startOf(pid);
}

/** Start of a process in the kernel's own ticks: field 22 of /proc/<pid>/stat on Linux; empty elsewhere. */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process is there and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
