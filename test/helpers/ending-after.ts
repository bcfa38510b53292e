/**
 * A rotation that is applied in parts: what must succeed has its whole time, which no busy machine uses up, and only what
 * waits in vain has less.
 */
import type { ApplyOptions } from "../../src/execute/apply.ts";
import type { JournalObserver } from "../../src/execute/journal-store.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";

/** Options of a run that ends as after Ctrl-C once such an entry is on disk: with the steps in hand, and no others. */
export function endingAfter(
  fits: (entry: JournalEntry) => boolean,
  ...others: readonly JournalObserver[]
): Required<Pick<ApplyOptions, "stop" | "observers">> {
  const ending = new AbortController();
  const afterFlush = (entry: JournalEntry): void => {
    if (fits(entry)) ending.abort();
  };
  return { stop: ending.signal, observers: [{ afterFlush }, ...others] };
}

export function stageDone(stage: string): (entry: JournalEntry) => boolean {
  return (entry) => entry.type === "stage-done" && entry.data.stage === stage;
}
