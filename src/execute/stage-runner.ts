/** One stage: enter, pass the gate, run the waves (canary first), rest where the plan says so. */
import { setTimeout as pause } from "node:timers/promises";
import type { Hold } from "../plan/gates/hold.ts";
import type { Stage, StepKind } from "../plan/plan.ts";
import { stepsOf } from "../plan/reading.ts";
import { passGate } from "./gate.ts";
import { ROTATION } from "./ledger.ts";
import { renewEndpoints } from "./renew-endpoints.ts";
import { retrying } from "./retry.ts";
import { runStep } from "./step-runner.ts";
import { isReplacementBegun } from "./steps/replace-certificate.ts";
import { isBundleWritten } from "./steps/serve-bundle.ts";
import { isUpgradeBegun } from "./steps/upgrade-release.ts";
import { runWave } from "./wave-runner.ts";
import type { Halt, Workshop } from "./workshop.ts";

export type StageOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "held"; readonly stage: string; readonly holds: readonly Hold[] }
  | { readonly kind: "failed"; readonly stage: string; readonly steps: readonly string[] }
  | { readonly kind: "halted"; readonly stage: string; readonly halt: Halt }
  | { readonly kind: "resting"; readonly stage: string; readonly until: string };

/** Steps that change what everybody is served in more than one write: whether the first of them was made since `before`. */
const BEGUN: Partial<Record<StepKind, typeof isReplacementBegun>> = {
  "serve-bundle": isBundleWritten,
  "replace-certificate": isReplacementBegun,
  "upgrade-release": isUpgradeBegun,
};

/** Longer rests are not sat out: the process ends, and a later one goes on. */
const LONGEST_REST_MS = 3_600_000;
/** How long a management cluster that does not answer is asked. */
const LOOK_MS = 120_000;

/** @throws whatever ends the run: `lock.held`, `rotation.unwritable` */
export async function runStage(workshop: Workshop, stage: Stage): Promise<StageOutcome> {
  const { ledger } = workshop.parts;
  if (ledger.run.stages[stage.id] === "done") return { kind: "done" };
  const resumed = ledger.run.stages[stage.id] === "entered";
  if (!resumed) await ledger.append(ROTATION, { type: "stage-entered", data: { stage: stage.id } });
  if (resumed) {
    const failed = await completeUnit(workshop, stage);
    if (failed.length > 0) return { kind: "failed", stage: stage.id, steps: failed };
  }
  await renewEndpoints(workshop.parts);
  const gate = await passGate(workshop, stage);
  if (gate.kind === "halted") return { kind: "halted", stage: stage.id, halt: gate.halt };
  if (gate.kind === "held") return { kind: "held", stage: stage.id, holds: gate.holds };
  const waves = await runWaves(workshop, stage);
  if (waves.kind !== "done") return waves;
  const rest = await takeRest(workshop, stage);
  if (rest.kind !== "done") return rest;
  await ledger.append(ROTATION, { type: "stage-done", data: { stage: stage.id } });
  return { kind: "done" };
}

/**
 * Secret and restart are one unit: once the Secret is written, it is completed before anything else is asked. Before
 * that nothing was begun, and the gate is asked of the estate as it is now.
 */
async function completeUnit(workshop: Workshop, stage: Stage): Promise<readonly string[]> {
  const { ledger, world, plan, abort } = workshop.parts;
  for (const step of stepsOf(stage)) {
    const known = ledger.run.steps[step.id];
    const isBegun = BEGUN[step.kind];
    if (isBegun === undefined || known === undefined || known.phase === "done" || !("before" in known)) continue;
    const written = await retrying(() => isBegun({ management: world.management, plan, step }, known.before), {
      deadlineMs: LOOK_MS,
      signal: abort,
    });
    const outcome = written ? await runStep(workshop, stage, step) : "done";
    if (workshop.fatal !== undefined) throw workshop.fatal;
    abort.throwIfAborted();
    if (outcome !== "done") return [step.id];
  }
  return [];
}

async function runWaves(workshop: Workshop, stage: Stage): Promise<StageOutcome> {
  const { ledger, abort, stop } = workshop.parts;
  for (const wave of stage.waves) {
    const open = wave.steps.some(({ id }) => ledger.run.steps[id]?.phase !== "done");
    const { failed, overBudget, halt } = await runWave(workshop, stage, wave);
    if (workshop.fatal !== undefined) throw workshop.fatal;
    abort.throwIfAborted();
    if (overBudget) return { kind: "failed", stage: stage.id, steps: failed };
    if (halt !== undefined) return { kind: "halted", stage: stage.id, halt };
    if (open && wave.soakSeconds > 0) await sleep(wave.soakSeconds * 1000, [abort, stop]);
  }
  return { kind: "done" };
}

async function takeRest(workshop: Workshop, stage: Stage): Promise<StageOutcome> {
  const { ledger, now, abort, stop } = workshop.parts;
  if (stage.rest === undefined) return { kind: "done" };
  const until = ledger.run.rest?.stage === stage.id ? ledger.run.rest.until : undefined;
  if (stage.rest.kind === "until-resumed") {
    // Somebody who resumed took the pause away; the rest that was begun is then over.
    if (until !== undefined) return { kind: "done" };
    // The pause comes first: a rest that was begun and has no pause is one that somebody ended.
    const why = "the plan rests here until somebody resumes it";
    await ledger.append(ROTATION, { type: "paused", data: { by: "the plan", why } });
    await ledger.append(ROTATION, { type: "rest-begun", data: { stage: stage.id, until: "resumed" } });
    return { kind: "halted", stage: stage.id, halt: { kind: "paused", by: "the plan", why } };
  }
  if (stage.rest.seconds <= 0) return { kind: "done" };
  const end = until ?? new Date(now().getTime() + stage.rest.seconds * 1000).toISOString();
  if (until === undefined) await ledger.append(ROTATION, { type: "rest-begun", data: { stage: stage.id, until: end } });
  const left = Date.parse(end) - now().getTime();
  if (left > LONGEST_REST_MS) return { kind: "resting", stage: stage.id, until: end };
  await sleep(left, [abort, stop]);
  abort.throwIfAborted();
  const halt = await workshop.halted();
  return halt === undefined ? { kind: "done" } : { kind: "halted", stage: stage.id, halt };
}

/** Sleeps, or less when somebody wants to stop; what the wish means is asked by whoever goes on. */
async function sleep(milliseconds: number, signals: readonly AbortSignal[]): Promise<void> {
  if (milliseconds <= 0) return;
  await pause(milliseconds, undefined, { signal: AbortSignal.any([...signals]) }).catch(() => {});
}
