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

/** Whether a waiver still counts. One whose end cannot be read never does. */
export function isInForce(waiver: Waiver, now: Date): boolean {
  const dateOnly = /^\d{4}-\d{2}-\d{2}$/.test(waiver.until);
  const end = Date.parse(dateOnly ? `${waiver.until}T23:59:59.999Z` : waiver.until);
  return now.getTime() <= end;
}
