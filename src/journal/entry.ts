/**
 * The journal: append-only JSON lines, each bound to the one before by its hash. An entry is on disk before the
 * mutation that it announces. Entries hold no secrets: a value that was in a Secret is kept, encrypted, in
 * `backups/`, and the entry holds the name and digest of that ciphertext.
 */
import { z } from "zod";
import { evidenceSchema } from "../estate/evidence.ts";
import { type Hold, holdSchema, type Waiver, waiverSchema } from "../plan/gates/hold.ts";

export type { Hold, Waiver };

const failureSchema = z.object({ code: z.string(), message: z.string(), hint: z.string() });

/** What an entry says, by `type`; `data` has the shape given here. */
export const eventSchema = z.discriminatedUnion("type", [
  /** A plan (the first, or a rollback's) begins: everything after it belongs to that plan. */
  z.object({
    type: z.literal("plan-begun"),
    data: z.object({
      file: z.string(),
      digest: z.string(),
      direction: z.enum(["forward", "rollback"]),
      holder: z.string(),
    }),
  }),
  /** A process goes on with the plan; `how` tells why it is a new one. */
  z.object({
    type: z.literal("continued"),
    data: z.object({ holder: z.string(), how: z.enum(["resumed", "taken-over", "adopted"]) }),
  }),
  z.object({ type: z.literal("stage-entered"), data: z.object({ stage: z.string() }) }),
  z.object({ type: z.literal("gate-held"), data: z.object({ stage: z.string(), holds: z.array(holdSchema) }) }),
  z.object({ type: z.literal("gate-passed"), data: z.object({ stage: z.string(), waived: z.array(z.string()) }) }),
  z.object({ type: z.literal("stage-done"), data: z.object({ stage: z.string() }) }),
  z.object({ type: z.literal("rest-begun"), data: z.object({ stage: z.string(), until: z.string() }) }),
  /** A cluster that came after the plan, or needs a method other than planned, gets a step of its own. */
  z.object({ type: z.literal("step-added"), data: z.object({ stage: z.string(), step: z.unknown() }) }),
  /** About to change the world: `before` is what was there, as far as undoing or resuming needs it. */
  z.object({ type: z.literal("step-started"), data: z.object({ before: z.unknown() }) }),
  /** The change was accepted; its effect is still awaited. */
  z.object({ type: z.literal("step-applied"), data: z.object({}) }),
  z.object({ type: z.literal("step-retried"), data: z.object({ attempt: z.number().int(), failure: failureSchema }) }),
  z.object({
    type: z.literal("step-done"),
    data: z.object({ evidence: z.array(evidenceSchema), alreadyDone: z.boolean() }),
  }),
  z.object({ type: z.literal("step-failed"), data: failureSchema }),
  /** Rancher has made another kubeconfig for the authorized endpoint of the entry's target, which refused the last one. */
  z.object({
    type: z.literal("endpoint-renewed"),
    data: z.object({ sealed: z.object({ file: z.string(), sha256: z.string() }) }),
  }),
  z.object({ type: z.literal("waived"), data: waiverSchema }),
  z.object({ type: z.literal("paused"), data: z.object({ by: z.string(), why: z.string() }) }),
  z.object({ type: z.literal("unpaused"), data: z.object({ by: z.string() }) }),
  z.object({ type: z.literal("noted"), data: z.object({ text: z.string() }) }),
  z.object({ type: z.literal("plan-finished"), data: z.object({ digest: z.string(), worldChanged: z.boolean() }) }),
]);
export type JournalEvent = z.infer<typeof eventSchema>;

export const entrySchema = z
  .object({
    /** From 1, without gaps. */
    seq: z.number().int().positive(),
    /** ISO 8601. */
    at: z.string(),
    /** The rotation's id. */
    rotation: z.string(),
    /** The cluster id, `rancher` or `rotation`. */
    target: z.string(),
    /** The step's identity, for entries that belong to one. */
    step: z.string().optional(),
    /** SHA-256 (hex) of the line before without its newline; 64 zeros in the first. */
    prev: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .and(eventSchema);
export type JournalEntry = z.infer<typeof entrySchema>;
