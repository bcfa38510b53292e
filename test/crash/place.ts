import type { JournalEntry } from "../../src/journal/entry.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { stepsOf } from "../../src/plan/reading.ts";

/** Whether an entry is about to be flushed, or has been. */
export type Moment = "before" | "after";

/** Names a place in the journal that is the same in every run: which entry, and whether it is on disk already. */
export function placeOf(entry: JournalEntry, moment: Moment): string {
  const stage = "stage" in entry.data ? entry.data.stage : "";
  return [entry.type, entry.step ?? stage, moment].filter((part) => part !== "").join(" ");
}

/** The places that every way through a plan has, however it is disturbed: the ends of its steps and its stages. */
export function placesOfPlan({ stages }: Plan): readonly string[] {
  const ends = stages.flatMap((stage) => [
    `stage-entered ${stage.id}`,
    ...stepsOf(stage).map(({ id }) => `step-done ${id}`),
    `stage-done ${stage.id}`,
  ]);
  return ["plan-begun", ...ends, "plan-finished"].flatMap((end) => [`${end} before`, `${end} after`]);
}
