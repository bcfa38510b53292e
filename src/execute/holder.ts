/** Which process holds the estate. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import { isPresent, startOf } from "../backup/process-presence.ts";

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
  return isPresent(holder) ? "running" : "gone";
}

/** `process 4711 on lab-7`. */
export function describeHolder(holder: Holder): string {
  return `process ${holder.pid} on ${holder.host}`;
}
