/** Which process holds the estate. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";

export const holderSchema = z.object({
  /** Random: tells two processes apart whatever else they have in common. */
  id: z.string(),
  host: z.string(),
  pid: z.number().int(),
  /** Start of the process in the kernel's own ticks, where the system tells it: a process id is used again. */
  started: z.string(),
});
export type Holder = z.infer<typeof holderSchema>;

/** This process, with a new random id. */
export function thisProcess(): Holder {
  return { id: randomBytes(8).toString("hex"), host: hostname(), pid: process.pid, started: startOf(process.pid) };
}

/**
 * - `running`: on this machine, and the process is there.
 * - `gone`: on this machine, and the process has ended: whatever it held may be taken up.
 * - `elsewhere`: on another machine, where nobody here can look.
 */
export function whereabouts(holder: Holder): "running" | "gone" | "elsewhere" {
  if (holder.host !== hostname()) return "elsewhere";
  if (!exists(holder.pid)) return "gone";
  return holder.started === startOf(holder.pid) ? "running" : "gone";
}

/** `process 4711 on lab-7`. */
export function describeHolder(holder: Holder): string {
  return `process ${holder.pid} on ${holder.host}`;
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

/** Field 22 of /proc/<pid>/stat on Linux; empty elsewhere, which leaves the process id alone to tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
