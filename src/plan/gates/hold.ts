/** What keeps a gate shut, and what lets it open all the same. */
import { z } from "zod";

export const holdSchema = z.object({
  /** What holds the gate: a consumer's id, or `rancher`. */
  target: z.string(),
  /** One sentence. */
  why: z.string(),
  hint: z.string(),
});
export type Hold = z.infer<typeof holdSchema>;

/** A named person accepts that one cluster is left behind. */
export const waiverSchema = z.object({
  clusterId: z.string(),
  by: z.string(),
  reason: z.string(),
  /** ISO 8601 time until which the waiver counts; a date without a time counts to the end of that day, UTC. */
  until: z.string(),
});
export type Waiver = z.infer<typeof waiverSchema>;

/** RFC 3339, or a day alone. In other words JavaScript sees times, too, and in one without a zone the machine's own. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Whether a waiver still counts. One whose end cannot be read never does. */
export function isInForce({ until }: Waiver, now: Date): boolean {
  const [, time] = MOMENT.exec(until) ?? [until, "unreadable"];
  if (time === "unreadable") return false;
  return now.getTime() <= Date.parse(time === undefined ? `${until}T23:59:59.999Z` : until);
}
