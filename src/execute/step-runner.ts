/**
 * Carries out one step: look, journal, write, wait, journal. What the journal holds as `before` wins over anything that
 * is seen now; an entry is on disk, and the lock in the estate knows of it, before the write that it announces.
 */
import { FarrierError } from "../errors.ts";
import type { JournalEvent } from "../journal/entry.ts";
import { isWaived } from "../plan/gates/evaluate-gate.ts";
import type { Stage, Step } from "../plan/plan.ts";
import { stepsOf } from "../plan/reading.ts";
import { ACTIONS } from "./actions.ts";
import { requireOpenGate } from "./gate-look.ts";
import { retrying } from "./retry.ts";
import type { ErasedAction, Obstruction, StepContext } from "./step-action.ts";
import type { Workshop } from "./workshop.ts";

type Failure = Extract<JournalEvent, { type: "step-failed" }>["data"];

/** `abandoned`: the run ends before the step did; the journal says that it was started. */
export type StepOutcome = "done" | "failed" | "abandoned";

/** The one write that undoes a stage is tried for so long. */
const UNDO_MS = 300_000;

const OVERTIME: Failure = {
  code: "api.deadline",
  message: "The step took longer than its time",
  hint: "farrier apply tries it again.",
};

/** What somebody takes back is set again once, as a gate would have it; then a person must look. */
const GOES = 2;

/** Beyond its own deadlines, an action that does not come back is given up. */
const GRACE_MS = 60_000;

/** Never throws: what ends the run is left in the workshop. */
export async function runStep(workshop: Workshop, stage: Stage, step: Step): Promise<StepOutcome> {
  const { ledger, abort, patience } = workshop.parts;
  if (ledger.run.steps[step.id]?.phase === "done") return "done";
  const action = ACTIONS[step.kind];
  const allowedMs = action.deadlineSeconds * 1000 * patience;
  const signal = AbortSignal.any([abort, AbortSignal.timeout(allowedMs + GRACE_MS)]);
  const limits = { end: Date.now() + allowedMs, signal, requireOpenGate: () => requireOpenGate(workshop, stage) };
  const attempt = new Attempt(workshop, action, workshop.contextFor(step, limits));
  try {
    const obstruction = await attempt.goes(stage, signal);
    if (obstruction === undefined) return "done";
    await attempt.putBack();
    return await settle(attempt, stage, { code: "step.blocked", message: obstruction.why, hint: obstruction.hint });
  } catch (error) {
    if (abort.aborted) return "abandoned";
    const failure = signal.aborted ? OVERTIME : ordinaryFailure(error);
    if (failure !== undefined) return await settle(attempt, stage, failure);
    workshop.fail(error);
    return "abandoned";
  }
}

/** Records the failure; what must not stay as it is because of it is undone first. */
async function settle(attempt: Attempt, stage: Stage, failure: Failure): Promise<StepOutcome> {
  const { workshop, subject } = attempt;
  try {
    const found = await attempt.undoStage(stage).then(
      () => failure,
      (error: unknown) => {
        const second = ordinaryFailure(error);
        if (second === undefined) throw error;
        return { ...failure, message: `${failure.message}; undoing it failed: ${second.message}` };
      },
    );
    await workshop.parts.ledger.append(subject, { type: "step-failed", data: found });
    return "failed";
  } catch (error) {
    workshop.fail(error);
    return "abandoned";
  }
}

/** The step's failure; undefined for what ends the run. */
function ordinaryFailure(error: unknown): Failure | undefined {
  return error instanceof FarrierError && !endsTheRun(error) ? failureOf(error) : undefined;
}

/** The tries of one step in one process. */
class Attempt {
  readonly workshop: Workshop;
  readonly #action: ErasedAction;
  readonly #context: StepContext;
  #announced: { readonly before: unknown } | undefined;

  constructor(workshop: Workshop, action: ErasedAction, context: StepContext) {
    this.workshop = workshop;
    this.#action = action;
    this.#context = context;
  }

  /** Undefined when the step is done. What somebody has taken back meanwhile is looked at anew, and set again. */
  async goes(stage: Stage, signal: AbortSignal): Promise<Obstruction | undefined> {
    for (let go = 1; ; go++) {
      try {
        const deadlineMs = this.#context.remainingMs();
        const onRetry = (number: number, error: unknown) => this.#recordRetry(number, error);
        return await retrying(() => this.run(), { deadlineMs, signal, onRetry });
      } catch (error) {
        const again = error instanceof FarrierError && error.code === "step.taken-back" && go < GOES;
        if (again) await this.#recordRetry(go, error);
        // What it saw before it wrote holds no more, whoever goes on.
        if (this.#sawAnother(error)) await this.#reopen(stage);
        if (!again) throw error;
      }
    }
  }

  /** Somebody else has written what the step is about, since it looked or since it wrote. */
  #sawAnother(error: unknown): boolean {
    if (!(error instanceof FarrierError)) return false;
    return error.code === "step.taken-back" || (error.code === "step.conflict" && this.#action.readsAnew === true);
  }

  async #recordRetry(attempt: number, error: unknown): Promise<void> {
    const data = { attempt, failure: failureOf(error) };
    await this.workshop.parts.ledger.append(this.subject, { type: "step-retried", data });
  }

  async #reopen(stage: Stage): Promise<void> {
    const data = { stage: stage.id, step: this.#context.step };
    await this.workshop.parts.ledger.append(this.subject, { type: "step-added", data });
    this.#announced = undefined;
  }

  /** Undefined when the step is done. */
  async run(): Promise<Obstruction | undefined> {
    const found = await this.#announce();
    if (found === "done") return undefined;
    if ("why" in found) return found;
    const { ledger } = this.workshop.parts;
    await this.#action.apply(this.#context, found.before);
    if (ledger.run.steps[this.#context.step.id]?.phase === "started") {
      await ledger.append(this.subject, { type: "step-applied", data: {} });
    }
    const verification = await this.#action.verify(this.#context, found.before);
    if (verification.kind === "blocked") return verification.by;
    await ledger.append(this.subject, {
      type: "step-done",
      data: { evidence: [...verification.evidence], alreadyDone: false },
    });
    return undefined;
  }

  /** Puts back what was there, if the step got as far as changing it. */
  async putBack(): Promise<void> {
    const announced = this.#announced;
    const { putBack } = this.#action;
    if (announced === undefined || putBack === undefined) return;
    const deadlineMs = Math.max(GRACE_MS, this.#context.remainingMs());
    await retrying(() => putBack(this.#context, announced.before), { deadlineMs, signal: this.#context.signal });
  }

  /**
   * Undoes the stage, where the step stands for it. That its steps are open again is in the journal first: whoever goes
   * on after a crash in between proves everything anew. A cluster that is waived decides nothing for the others.
   */
  async undoStage(stage: Stage): Promise<void> {
    const { ledger, abort, now } = this.workshop.parts;
    const { undoStage } = this.#action;
    if (undoStage === undefined || isWaived(this.#context.step.target, ledger.waivers, now())) return;
    for (const step of stepsOf(stage)) {
      if (ledger.run.steps[step.id] === undefined) continue;
      const data = { stage: stage.id, step };
      await ledger.append({ target: step.target, step: step.id }, { type: "step-added", data });
    }
    await this.workshop.parts.lock.confirm();
    await retrying(() => undoStage(this.#context), { deadlineMs: UNDO_MS, signal: abort });
  }

  get subject() {
    return { target: this.#context.step.target, step: this.#context.step.id };
  }

  /** What was there before, in the journal, and known to the estate. */
  async #announce(): Promise<{ readonly before: unknown } | Obstruction | "done"> {
    if (this.#announced !== undefined) return this.#announced;
    const { ledger, lock } = this.workshop.parts;
    const known = ledger.run.steps[this.#context.step.id];
    let before: unknown;
    if (known !== undefined && "before" in known) before = known.before;
    else {
      const observation = await this.#action.observe(this.#context);
      if (observation.kind === "blocked") return observation.by;
      if (observation.kind === "done") {
        await ledger.append(this.subject, {
          type: "step-done",
          data: { evidence: [...observation.evidence], alreadyDone: true },
        });
        return "done";
      }
      before = observation.before;
    }
    await ledger.append(this.subject, { type: "step-started", data: { before } });
    await lock.confirm();
    this.#announced = { before };
    return this.#announced;
  }
}

/** Without the lock or the journal nothing more may be written at all. */
function endsTheRun(error: FarrierError): boolean {
  return ["lock.held", "rotation.unwritable", "journal.broken", "internal.unexpected"].includes(error.code);
}

function failureOf(error: unknown): Failure {
  if (error instanceof FarrierError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "internal.unexpected", message: "An unexpected error.", hint: "Report it with the version." };
}
