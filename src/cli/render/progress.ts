/** Where a rotation stands, as lines: one for each stage, then what holds it. Pure; `live.ts` puts it on the screen. */
import type { Hold } from "../../journal/entry.ts";
import type { PlanRun, RotationState } from "../../journal/fold.ts";
import type { Plan, Stage, Step } from "../../plan/plan.ts";
import { paint } from "./style.ts";
import { spell, spellRoughly } from "./time.ts";
import { pad } from "./width.ts";

export interface Counts {
  readonly total: number;
  readonly done: number;
  readonly underWay: number;
  readonly failed: number;
}

/** Steps of a stage by state, late ones included. */
export function countSteps(stage: Stage, run: PlanRun): Counts {
  const planned: readonly Step[] = stage.waves.flatMap((wave) => wave.steps);
  const ids = new Set([...planned, ...(run.lateSteps[stage.id] ?? [])].map((step) => step.id));
  const phases = [...ids].map((id) => run.steps[id]?.phase ?? "pending");
  const count = (...wanted: readonly string[]): number => phases.filter((phase) => wanted.includes(phase)).length;
  return { total: ids.size, done: count("done"), underWay: count("started", "applied"), failed: count("failed") };
}

/** The whole picture; each line fits in `width` columns when the names do. */
export function progressLines(plan: Plan, state: RotationState, now: Date, stream: NodeJS.WriteStream): string[] {
  const run = state.current;
  const width = Math.max(...plan.stages.map((stage) => stage.id.length));
  const stages = plan.stages.map((stage) => stageLine(stage, run, width, stream));
  return [
    headLine(plan, state, now, stream),
    ...stages,
    ...holdLines(run, stream),
    ...noteLines(state, run, now, stream),
  ];
}

function headLine(plan: Plan, state: RotationState, now: Date, stream: NodeJS.WriteStream): string {
  const elapsed = (now.getTime() - Date.parse(state.current.begunAt)) / 1000;
  const left = timeLeft(plan, state.current, elapsed);
  const time = state.current.finished === undefined ? `${spell(elapsed)} so far${left}` : `took ${spell(elapsed)}`;
  const kind = plan.direction === "rollback" ? "rollback" : plan.procedure;
  return `${paint("strong", `${kind} of ${plan.estate.serverUrl}`, stream)}  ${paint("quiet", time, stream)}`;
}

/** By the plan's estimate at first, by the pace so far once half of the steps are done. */
function timeLeft(plan: Plan, run: PlanRun, elapsed: number): string {
  const counts = plan.stages.map((stage) => countSteps(stage, run));
  const total = counts.reduce((sum, one) => sum + one.total, 0);
  const done = counts.reduce((sum, one) => sum + one.done, 0);
  if (total === 0 || done === 0) return `, ${spellRoughly(plan.estimate.durationSeconds.least)} or more to go`;
  const share = done / total;
  const byPace = (elapsed / share) * (1 - share);
  const byEstimate = Math.max(0, plan.estimate.durationSeconds.least * (1 - share));
  return `, about ${spellRoughly(share < 0.5 ? Math.max(byPace, byEstimate) : byPace)} to go`;
}

function stageLine(stage: Stage, run: PlanRun, width: number, stream: NodeJS.WriteStream): string {
  const counts = countSteps(stage, run);
  const name = pad(stage.id, width);
  const state = run.stages[stage.id];
  if (state === "done") {
    return `${paint("good", "✓", stream)} ${name}  ${paint("quiet", counts.total > 1 || counts.failed > 0 ? describeCounts(counts, stream) : "", stream)}`.trimEnd();
  }
  if (run.held?.stage === stage.id) return `${paint("attention", "‖", stream)} ${name}  waits at its gate`;
  if (state === "entered") {
    return `${paint("accent", "▸", stream)} ${paint("strong", name, stream)}  ${bar(counts, stream)} ${describeCounts(counts, stream)}`;
  }
  return paint("quiet", `· ${name}  ${stage.says}`, stream);
}

const BAR_WIDTH = 20;

function bar(counts: Counts, stream: NodeJS.WriteStream): string {
  if (counts.total === 0) return "";
  const cells = (count: number): number => Math.round((count / counts.total) * BAR_WIDTH);
  const done = cells(counts.done);
  const underWay = Math.min(BAR_WIDTH - done, cells(counts.underWay));
  return `${paint("good", "█".repeat(done), stream)}${paint("accent", "▒".repeat(underWay), stream)}${paint("quiet", "░".repeat(BAR_WIDTH - done - underWay), stream)}`;
}

function describeCounts(counts: Counts, stream: NodeJS.WriteStream): string {
  const parts = [`${counts.done} of ${counts.total}`];
  if (counts.underWay > 0) parts.push(`${counts.underWay} under way`);
  if (counts.failed > 0) parts.push(paint("bad", `${counts.failed} failed`, stream));
  return parts.join(", ");
}

function holdLines(run: PlanRun, stream: NodeJS.WriteStream): string[] {
  if (run.held === undefined) return [];
  const shown = run.held.holds.slice(0, MOST_HOLDS);
  const more = run.held.holds.length - shown.length;
  return [
    ...shown.flatMap((hold) => renderHold(hold, stream)),
    ...(more > 0 ? [paint("quiet", `  and ${more} more; farrier status names all`, stream)] : []),
  ];
}

const MOST_HOLDS = 6;

/** Two lines: who holds the gate and why, and what to do. */
export function renderHold(hold: Hold, stream: NodeJS.WriteStream): string[] {
  return [`  ${paint("attention", hold.target, stream)}  ${hold.why}`, `    ${paint("quiet", hold.hint, stream)}`];
}

function noteLines(state: RotationState, run: PlanRun, now: Date, stream: NodeJS.WriteStream): string[] {
  const notes: string[] = [];
  if (state.paused !== undefined)
    notes.push(paint("attention", `paused by ${state.paused.by}: ${state.paused.why}`, stream));
  if (run.rest !== undefined && run.finished === undefined && run.stages[run.rest.stage] !== "done") {
    const seconds = (Date.parse(run.rest.until) - now.getTime()) / 1000;
    notes.push(Number.isNaN(seconds) ? "rests until somebody resumes it" : `rests for another ${spell(seconds)}`);
  }
  return notes;
}
