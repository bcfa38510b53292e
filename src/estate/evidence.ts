/**
 * Evidence: what shows that a consumer trusts a bundle. Evidence is a set of observations, each with its time and
 * source; nothing is ever concluded from one that is older than the gate that asks.
 */
import { z } from "zod";

/**
 * - `declared`: the specification of the workload says so.
 * - `armed`: the workload straddles two pins: every old pod serves, and a pod with the pin has been started once.
 * - `started`: every running replica's own pod carries the pin, has outlived its start checks, and no older pod is left.
 * - `session`: a tunnel that began after the moment `since` works.
 * - `reported`: the consumer itself wrote down what it trusts.
 * - `probe`: a handshake from the consumer's side succeeded.
 */
export const evidenceKindSchema = z.enum(["declared", "armed", "started", "session", "reported", "probe"]);
export type EvidenceKind = z.infer<typeof evidenceKindSchema>;

export const evidenceSchema = z.object({
  kind: evidenceKindSchema,
  /** The pin (lower-case hex SHA-256) of the bundle that the observation is about. */
  pin: z.string(),
  /** When it was seen, ISO 8601. */
  at: z.string(),
  /** For `session`: the moment after which the session began, ISO 8601. */
  since: z.string().optional(),
  /** Where it was seen: `deployment cattle-system/cattle-cluster-agent of c-abc12`. */
  source: z.string(),
});
export type Evidence = z.infer<typeof evidenceSchema>;
