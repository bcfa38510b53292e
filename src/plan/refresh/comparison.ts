/** One thing that Rancher, or a part of it in a cluster, holds, beside what the cluster has now. */
import { z } from "zod";

/**
 * - `same`: what the cluster has now; for a token: the cluster accepts it.
 * - `stale`: what the cluster had before.
 * - `missing`: there is nothing. `unknown`: the cluster could not be asked about it.
 */
export const comparisonSchema = z.object({
  subject: z.enum(["ca", "token", "agent-token", "person-token", "pin"]),
  /** Where it is: `status.caCert`, `Secret cattle-system/cattle-token-abcde`. */
  where: z.string(),
  state: z.enum(["same", "stale", "missing", "unknown"]),
  /** Fingerprint of what is there; empty where there is nothing. */
  held: z.string(),
  /** Fingerprint of what the cluster has in its place; empty where that has no counterpart. */
  own: z.string(),
  /** One phrase. */
  why: z.string(),
});
export type Comparison = z.infer<typeof comparisonSchema>;
