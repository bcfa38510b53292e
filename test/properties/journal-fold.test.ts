/** The fold over any prefix of any journal that a runner can write. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTY_HEAD, type EntryDraft, nextLine } from "../../src/journal/chain.ts";
import type { JournalEvent } from "../../src/journal/entry.ts";
import { foldJournal } from "../../src/journal/fold.ts";
import { readJournal } from "../../src/journal/read-journal.ts";

const RUNS = Number(process.env.FARRIER_PROPERTY_RUNS ?? 200);

/** A process's life with one step: how far it came before it was killed, failed or was done. */
const life = fc.constantFrom("killed before", "killed after", "applied and killed", "failed", "done", "found done");

interface Written {
  readonly step?: string;
  readonly event: JournalEvent;
}

/** What runners write about one step over several lives; nothing follows its being done. */
function stepEvents(step: string, lives: readonly string[]): Written[] {
  const written: Written[] = [];
  for (const [attempt, one] of lives.entries()) {
    const before = { type: "step-started" as const, data: { before: { attempt } } };
    if (one === "killed before") continue;
    if (one !== "found done") written.push({ step, event: before });
    if (one === "applied and killed") written.push({ step, event: { type: "step-applied", data: {} } });
    if (one === "failed") {
      written.push({ step, event: { type: "step-failed", data: { code: "x", message: "x", hint: "x" } } });
    }
    if (one === "done" || one === "found done") {
      written.push({ step, event: { type: "step-done", data: { evidence: [], alreadyDone: one === "found done" } } });
      break;
    }
  }
  return written;
}

const stage = fc.record({
  id: fc.constantFrom("arm@both", "widen", "spread@both", "switch"),
  steps: fc.array(fc.tuple(fc.constantFrom("c-1", "c-2", "c-3"), fc.array(life, { maxLength: 4 })), { maxLength: 3 }),
  held: fc.boolean(),
});

const run = fc.record({
  direction: fc.constantFrom("forward" as const, "rollback" as const),
  stages: fc.uniqueArray(stage, { selector: ({ id }) => id }),
});

const journal = fc.array(run, { minLength: 1, maxLength: 3 }).map((runs) => {
  const written = runs.flatMap(({ direction, stages }, index): Written[] => [
    { event: { type: "plan-begun", data: { file: `plan-${index}.json`, digest: "d", direction, holder: "h" } } },
    ...stages.flatMap(({ id, steps, held }): Written[] => [
      ...(held ? [{ event: { type: "gate-held" as const, data: { stage: id, holds: [] } } }] : []),
      { event: { type: "gate-passed", data: { stage: id, waived: [] } } },
      { event: { type: "stage-entered", data: { stage: id } } },
      ...new Map(steps.map(([cluster, lives]) => [`${cluster}/${id}`, lives]))
        .entries()
        .flatMap(([step, lives]) => stepEvents(step, lives)),
      { event: { type: "stage-done", data: { stage: id } } },
    ]),
  ]);
  let head = EMPTY_HEAD;
  return written.map(({ step, event }) => {
    const draft: EntryDraft = {
      at: "2026-11-23T12:00:00.000Z",
      rotation: "r",
      target: "t",
      ...(step === undefined ? {} : { step }),
      ...event,
    };
    const next = nextLine(head, draft);
    head = next.head;
    return next.line;
  });
});

/** Phases in the order in which a step goes through them. */
const ORDER = ["pending", "started", "applied", "failed", "done"];

describe("the journal of any number of lives", () => {
  test("folds over every prefix; nothing that was done is forgotten within a run, and the first `before` stays", () => {
    fc.assert(
      fc.property(journal, (lines) => {
        let earlier: ReturnType<typeof foldJournal>;
        for (let length = 1; length <= lines.length; length += 1) {
          const state = foldJournal(readJournal(lines.slice(0, length).join("")).entries);
          expect(state?.length).toBe(length);
          expect(state?.current).toBe(state?.plans.at(-1));
          if (earlier !== undefined && earlier.plans.length === state?.plans.length) {
            for (const [id, before] of Object.entries(earlier.current.steps)) {
              const after = state.current.steps[id];
              if (before.phase === "done") expect(after).toEqual(before);
              if (before.before !== undefined) expect(after?.before).toEqual(before.before);
              expect(ORDER).toContain(after?.phase);
            }
          }
          earlier = state;
        }
      }),
      { numRuns: RUNS },
    );
  });

  test("cut at any byte it reads as the longest whole part, and never as another journal", () => {
    fc.assert(
      fc.property(journal, fc.nat(), (lines, cut) => {
        const text = lines.join("");
        const part = text.slice(0, cut % (text.length + 1));
        const { entries, keepBytes, torn } = readJournal(part);
        expect(lines.slice(0, entries.length).join("")).toBe(part.slice(0, keepBytes));
        expect(torn === undefined).toBe(keepBytes === part.length);
      }),
      { numRuns: RUNS },
    );
  });

  test("with any one character changed in a line that another follows, it is refused", () => {
    fc.assert(
      fc.property(journal, fc.nat(), fc.constantFrom("x", "0", "}", "\u0000"), (lines, place, replacement) => {
        const body = lines.slice(0, -1).join("");
        fc.pre(body.length > 0);
        const at = place % body.length;
        fc.pre(body[at] !== "\n" && body[at] !== replacement);
        const text = lines.join("");
        const edited = text.slice(0, at) + replacement + text.slice(at + 1);
        expect(() => readJournal(edited)).toThrowError(expect.objectContaining({ code: "journal.broken" }));
      }),
      { numRuns: RUNS },
    );
  });
});
