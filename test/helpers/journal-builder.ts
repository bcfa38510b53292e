/** Journals for tests of what reads them: entries one second apart, each bound to the one before. */
import { EMPTY_HEAD, nextLine } from "../../src/journal/chain.ts";
import type { JournalEntry, JournalEvent } from "../../src/journal/entry.ts";
import { foldJournal, type RotationState } from "../../src/journal/fold.ts";

/** An event of the rotation, or of one of its steps. */
export type Line = JournalEvent | readonly [step: string, event: JournalEvent];

export const BEGUN: JournalEvent = {
  type: "plan-begun",
  data: { file: "plan.json", digest: "d".repeat(64), direction: "forward", holder: "ann@laptop" },
};

/** The first entry is of 2026-11-23 12:00:00 UTC. */
export function journalOf(...lines: readonly Line[]): JournalEntry[] {
  let head = EMPTY_HEAD;
  return lines.map((line, index) => {
    const [step, event] = "type" in line ? [undefined, line] : line;
    const at = new Date(Date.UTC(2026, 10, 23, 12, 0, index)).toISOString();
    const place = { at, rotation: "r-1", target: step?.split("/")[0] ?? "rotation" };
    const next = nextLine(head, { ...place, ...(step === undefined ? {} : { step }), ...event });
    head = next.head;
    return next.entry;
  });
}

/** @throws when there is no line: a journal without a plan has no state */
export function stateOf(...lines: readonly Line[]): RotationState {
  const state = foldJournal(journalOf(...lines));
  if (state === undefined) throw new Error("A state needs a plan that was begun.");
  return state;
}

export const started: JournalEvent = { type: "step-started", data: { before: {} } };
export const done: JournalEvent = { type: "step-done", data: { evidence: [], alreadyDone: false } };
export const entered = (stage: string): JournalEvent => ({ type: "stage-entered", data: { stage } });
export const stageDone = (stage: string): JournalEvent => ({ type: "stage-done", data: { stage } });
