/**
 * The report: what a rotation did and what the estate trusts now, as evidence for people and auditors.
 * Pure: it is made from the plan, the journal and one last look at the estate.
 */
import { z } from "zod";
import { certificateFactsSchema, type Estate } from "../estate/estate.ts";
import { evidenceSchema } from "../estate/evidence.ts";
import { type MatrixRow, trustMatrix } from "../estate/trust-matrix.ts";
import type { JournalEntry } from "../journal/entry.ts";
import type { RotationState } from "../journal/fold.ts";
import type { Plan } from "../plan/plan.ts";
import { remainingTrust } from "./remaining-trust.ts";
import { stageTimes } from "./stage-times.ts";

const cellSchema = z.object({
  epoch: z.string(),
  state: z.enum(["started", "armed", "declared", "unproved", "none"]),
  evidence: z.array(evidenceSchema),
});

export const reportSchema = z.object({
  format: z.literal("farrier.report/v1"),
  rotation: z.string(),
  writtenAt: z.string(),
  estate: z.object({ serverUrl: z.string(), kubeSystemUid: z.string(), rancherVersion: z.string() }),
  procedure: z.string(),
  why: z.array(z.string()),
  /** `finished`: every stage is done. `unfinished`: it can go on. */
  outcome: z.enum(["finished", "unfinished", "rolled-back"]),
  plans: z.array(
    z.object({ file: z.string(), digest: z.string(), direction: z.enum(["forward", "rollback"]), begunAt: z.string() }),
  ),
  journal: z.object({ entries: z.number().int(), headHash: z.string() }),
  epochs: z.array(z.object({ name: z.string(), pin: z.string(), certificates: z.array(certificateFactsSchema) })),
  /** What Rancher serves and presents now. */
  now: z.object({ pin: z.string(), epoch: z.string(), presented: z.array(certificateFactsSchema) }),
  stages: z.array(
    z.object({
      id: z.string(),
      says: z.string(),
      enteredAt: z.string().optional(),
      doneAt: z.string().optional(),
      waived: z.array(z.string()),
    }),
  ),
  consumers: z.array(
    z.object({
      id: z.string(),
      cluster: z.string(),
      kind: z.string(),
      gating: z.boolean(),
      cells: z.array(cellSchema),
    }),
  ),
  waivers: z.array(z.object({ clusterId: z.string(), by: z.string(), reason: z.string(), until: z.string() })),
  /** What still trusts, or may still trust, the authority that was to go. */
  remaining: z.array(z.object({ target: z.string(), why: z.string() })),
  gaps: z.array(z.object({ target: z.string(), why: z.string() })),
});
export type Report = z.infer<typeof reportSchema>;

export interface ReportInput {
  /** The plan in force: the forward one, or the last rollback's. */
  readonly plan: Plan;
  readonly entries: readonly JournalEntry[];
  readonly state: RotationState;
  /** Hash of the journal's last line. */
  readonly headHash: string;
  readonly estate: Estate;
  readonly now: Date;
}

/** Puts the report together. */
export function buildReport({ plan, entries, state, headHash, estate, now }: ReportInput): Report {
  const matrix = trustMatrix(estate, plan.epochs, { now, minReadySeconds: plan.armingMinReadySeconds });
  return {
    format: "farrier.report/v1",
    rotation: plan.rotation,
    writtenAt: now.toISOString(),
    estate: plan.estate,
    procedure: plan.procedure,
    why: plan.why,
    outcome: outcomeOf(state),
    plans: state.plans.map(({ file, digest, direction, begunAt }) => ({ file, digest, direction, begunAt })),
    journal: { entries: entries.length, headHash },
    epochs: plan.epochs.map(({ name, pin, certificates }) => ({ name, pin, certificates })),
    now: {
      pin: estate.trust.pin,
      epoch: plan.epochs.find((epoch) => epoch.pin === estate.trust.pin)?.name ?? "none of the plan's",
      presented: estate.serving.certificates,
    },
    stages: stageTimes(plan, entries),
    consumers: matrix.map(reportRow),
    waivers: state.waivers.map(({ clusterId, by, reason, until }) => ({ clusterId, by, reason, until })),
    remaining: remainingTrust(plan, estate, matrix),
    gaps: estate.gaps,
  };
}

function outcomeOf(state: RotationState): Report["outcome"] {
  if (state.current.finished === undefined) return "unfinished";
  return state.current.direction === "rollback" ? "rolled-back" : "finished";
}

function reportRow(row: MatrixRow): Report["consumers"][number] {
  return {
    id: row.consumer.id,
    cluster: row.clusterName,
    kind: row.consumer.kind,
    gating: row.consumer.gating,
    cells: row.cells.map(({ epoch, state, evidence }) => ({ epoch, state, evidence: [...evidence] })),
  };
}
