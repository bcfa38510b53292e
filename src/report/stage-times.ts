/** When each stage of the plan in force was entered and done, by the journal. */
import type { JournalEntry } from "../journal/entry.ts";
import type { Plan } from "../plan/plan.ts";

export interface StageTime {
  readonly id: string;
  readonly says: string;
  readonly enteredAt?: string;
  readonly doneAt?: string;
  /** Clusters that the stage's gate passed over because they were waived. */
  readonly waived: string[];
}

/** One row for each stage of `plan`, in order. A stage that was entered again keeps its first entry. */
export function stageTimes(plan: Plan, entries: readonly JournalEntry[]): StageTime[] {
  const own = entriesOfCurrentPlan(entries);
  return plan.stages.map(({ id, says }) => {
    const entered = own.find((entry) => entry.type === "stage-entered" && entry.data.stage === id);
    const done = own.findLast((entry) => entry.type === "stage-done" && entry.data.stage === id);
    const passed = own.findLast((entry) => entry.type === "gate-passed" && entry.data.stage === id);
    return {
      id,
      says,
      ...(entered === undefined ? {} : { enteredAt: entered.at }),
      ...(done === undefined ? {} : { doneAt: done.at }),
      waived: passed?.type === "gate-passed" ? passed.data.waived : [],
    };
  });
}

function entriesOfCurrentPlan(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const begun = entries.findLastIndex((entry) => entry.type === "plan-begun");
  return entries.slice(Math.max(0, begun));
}
