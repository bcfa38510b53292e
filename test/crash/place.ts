import type { JournalEntry } from "../../src/journal/entry.ts";

/** Whether an entry is about to be flushed, or has been. */
export type Moment = "before" | "after";

/** Names a place in the journal that is the same in every run: which entry, and whether it is on disk already. */
export function placeOf(entry: JournalEntry, moment: Moment): string {
  const stage = "stage" in entry.data ? entry.data.stage : "";
  return [entry.type, entry.step ?? stage, moment].filter((part) => part !== "").join(" ");
}
