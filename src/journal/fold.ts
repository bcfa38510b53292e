/**
 * The journal's entries → the rotation's state. The state is never stored: it is always this fold.
 *
 * Plans: the first `plan-begun` starts the rotation; a later one (a rollback's) starts a new run whose steps and stages
 * begin empty. `plan-finished` ends a run; after it only notes, waivers and a new plan follow.
 *
 * Steps of a run:
 *
 *     (nothing) ──step-started──► started ──step-applied──► applied ──step-done──► done
 *                                    │ ▲                       │
 *                                    │ └─step-started (again after a kill or a failure: the first `before` stays)
 *                                    └──────step-failed────────┴──► failed
 *     (nothing) ──step-done {alreadyDone}──► done       (it was found done)
 *     (any)     ──step-added──► pending                 (a late step; one whose work somebody undid forgets its `before`)
 *
 * Stages of a run: (nothing) ──stage-entered──► entered ──stage-done──► done. A done stage may be entered again, for late
 * steps. A gate that holds is forgotten when the gate passes or its stage is done.
 */
import { FarrierError } from "../errors.ts";
import { stepSchema } from "../plan/plan.ts";
import type { JournalEntry } from "./entry.ts";
import type { PlanRun, RotationState, StepState } from "./rotation-state.ts";

export type { PlanRun, RotationState } from "./rotation-state.ts";

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
type Run = Mutable<Omit<PlanRun, "steps" | "stages" | "gates" | "lateSteps" | "endpoints">> & {
  steps: Record<string, StepState>;
  stages: Record<string, "entered" | "done">;
  gates: Record<string, PlanRun["gates"][string]>;
  lateSteps: Record<string, PlanRun["lateSteps"][string]>;
  endpoints: Record<string, PlanRun["endpoints"][string]>;
};
type State = Mutable<Omit<RotationState, "plans" | "current">> & { plans: Run[]; current: Run };

/** A fold that goes on: entries are added one by one, at a constant cost each. */
export interface RunningFold {
  /** @throws FarrierError `journal.broken` where the entry cannot follow those before */
  add(entry: JournalEntry): void;
  /** The state so far; `undefined` before the first plan. It is the fold's own object and moves on with it. */
  readonly state: RotationState | undefined;
}

/** Starts a fold with no entries. */
export function startFold(): RunningFold {
  let state: State | undefined;
  return {
    add(entry) {
      state = advance(state, entry);
    },
    get state() {
      return state;
    },
  };
}

/**
 * The state after all these entries; `undefined` for a journal that no plan has begun.
 * @throws FarrierError `journal.broken` where an entry cannot follow those before it
 */
export function foldJournal(entries: Iterable<JournalEntry>): RotationState | undefined {
  const fold = startFold();
  for (const entry of entries) fold.add(entry);
  return fold.state;
}

function advance(before: State | undefined, entry: JournalEntry): State {
  const state = entry.type === "plan-begun" ? begin(before, entry) : before;
  if (state === undefined) throw impossible(entry, "no plan had begun");
  state.length += 1;
  state.lastAt = entry.at;
  if (entry.step === undefined) applyToRun(state, entry);
  else applyToStep(state.current, entry, entry.step);
  return state;
}

function begin(before: State | undefined, entry: Extract<JournalEntry, { type: "plan-begun" }>): State {
  const { file, digest, direction, holder } = entry.data;
  const nothing = { steps: {}, stages: {}, gates: {}, lateSteps: {}, endpoints: {} };
  const run: Run = { file, digest, direction, begunAt: entry.at, ...nothing };
  if (before === undefined) {
    const { rotation, at: lastAt } = entry;
    return { rotation, plans: [run], current: run, waivers: [], holder, length: 0, lastAt };
  }
  before.plans.push(run);
  before.current = run;
  before.holder = holder;
  delete before.paused;
  return before;
}

function applyToRun(state: State, entry: JournalEntry): void {
  const run = state.current;
  switch (entry.type) {
    case "plan-begun":
    case "noted":
      return;
    case "continued":
      state.holder = entry.data.holder;
      return;
    case "waived":
      state.waivers = [...state.waivers.filter(({ clusterId }) => clusterId !== entry.data.clusterId), entry.data];
      return;
    case "endpoint-renewed":
      refuseAfterFinish(run, entry);
      run.endpoints[entry.target] = [...(run.endpoints[entry.target] ?? []), entry.data.sealed];
      return;
    case "paused":
      state.paused = { ...entry.data, at: entry.at };
      return;
    case "unpaused":
      delete state.paused;
      return;
    case "plan-finished":
      run.finished = { ...entry.data, at: entry.at };
      delete run.held;
      return;
    case "stage-entered":
    case "stage-done":
    case "gate-held":
    case "gate-passed":
    case "rest-begun":
    case "step-added":
      refuseAfterFinish(run, entry);
      applyToStage(run, entry);
      return;
    default:
      throw impossible(entry, "it does not say which step it is about");
  }
}

type StageEntry = Extract<
  JournalEntry,
  { type: "stage-entered" | "stage-done" | "gate-held" | "gate-passed" | "rest-begun" | "step-added" }
>;

function applyToStage(run: Run, entry: StageEntry): void {
  const { stage } = entry.data;
  switch (entry.type) {
    case "stage-entered":
      run.stages[stage] = "entered";
      run.stage = stage;
      return;
    case "gate-held":
      run.held = { ...entry.data, at: entry.at };
      return;
    case "gate-passed":
      run.gates[stage] = { waived: entry.data.waived, at: entry.at };
      forgetHold(run, stage);
      return;
    case "stage-done":
      if (run.stages[stage] === undefined) throw impossible(entry, `stage ${stage} had not been entered`);
      run.stages[stage] = "done";
      forgetHold(run, stage);
      if (run.rest?.stage === stage) delete run.rest;
      return;
    case "rest-begun":
      run.rest = entry.data;
      return;
    case "step-added":
      addStep(run, entry);
  }
}

function forgetHold(run: Run, stage: string): void {
  if (run.held?.stage === stage) delete run.held;
}

function addStep(run: Run, entry: Extract<JournalEntry, { type: "step-added" }>): void {
  const step = stepSchema.safeParse(entry.data.step);
  if (!step.success) throw impossible(entry, "what it adds is not a step");
  const { stage } = entry.data;
  const others = (run.lateSteps[stage] ?? []).filter(({ id }) => id !== step.data.id);
  run.lateSteps[stage] = [...others, step.data];
  run.steps[step.data.id] = {
    phase: "pending",
    ...originalOf(run.steps[step.data.id]),
    attempts: 0,
    evidence: [],
    alreadyDone: false,
    at: entry.at,
  };
}

function originalOf(known: StepState | undefined): Pick<StepState, "original"> {
  if (known === undefined) return {};
  if ("original" in known) return { original: known.original };
  return "before" in known ? { original: known.before } : {};
}

function applyToStep(run: Run, entry: JournalEntry, id: string): void {
  refuseAfterFinish(run, entry);
  if (entry.type === "step-added") {
    applyToStage(run, entry);
    return;
  }
  const known = run.steps[id] ?? { phase: "pending", attempts: 0, evidence: [], alreadyDone: false, at: entry.at };
  run.steps[id] = nextStepState(known, entry);
}

function nextStepState(known: StepState, entry: JournalEntry): StepState {
  const { failure: _, ...rest } = known;
  const { at } = entry;
  switch (entry.type) {
    case "step-started": {
      if (known.phase === "done") throw impossible(entry, "the step was done, and nothing opened it again");
      const before = "before" in known ? known.before : entry.data.before;
      return { ...rest, phase: "started", before, attempts: known.attempts + 1, at };
    }
    case "step-applied":
      requirePhase(known, entry, ["started", "applied"]);
      return { ...rest, phase: "applied", at };
    case "step-retried":
      requirePhase(known, entry, ["pending", "started", "applied", "failed"]);
      return { ...rest, attempts: known.attempts + 1, failure: entry.data.failure, at };
    case "step-done":
      if (!entry.data.alreadyDone) requirePhase(known, entry, ["started", "applied"]);
      return { ...rest, phase: "done", evidence: entry.data.evidence, alreadyDone: foundDone(known, entry.data), at };
    case "step-failed":
      requirePhase(known, entry, ["pending", "started", "applied", "failed"]);
      return { ...rest, phase: "failed", failure: entry.data, at };
    case "noted":
      return known;
    default:
      throw impossible(entry, "an entry of this type is never about a step");
  }
}

/** A step that was carried out stays so, also where a later look finds it done. */
function foundDone(known: StepState, data: { readonly alreadyDone: boolean }): boolean {
  return known.phase === "done" ? known.alreadyDone : data.alreadyDone && known.attempts === 0;
}

function requirePhase(known: StepState, entry: JournalEntry, phases: readonly StepState["phase"][]): void {
  if (!phases.includes(known.phase)) throw impossible(entry, `the step was ${known.phase}`);
}

function refuseAfterFinish(run: Run, entry: JournalEntry): void {
  if (run.finished !== undefined && entry.type !== "noted") throw impossible(entry, "the plan was finished");
}

function impossible(entry: JournalEntry, why: string): FarrierError {
  const about = entry.step === undefined ? "" : ` about step ${entry.step}`;
  return new FarrierError(
    "journal.broken",
    `Entry ${entry.seq} of the journal (${entry.type})${about} cannot follow those before it: ${why}.`,
  );
}
