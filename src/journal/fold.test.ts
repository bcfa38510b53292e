import { describe, expect, test } from "vitest";
import { FarrierError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import { EMPTY_HEAD, type EntryDraft, nextLine } from "./chain.ts";
import type { JournalEntry, JournalEvent } from "./entry.ts";
import { foldJournal, startFold } from "./fold.ts";

const BEGUN: JournalEvent = {
  type: "plan-begun",
  data: { file: "plan.json", digest: "d".repeat(64), direction: "forward", holder: "ann@laptop" },
};
const FAILURE = { code: "api.forbidden", message: "May not.", hint: "Ask." };
const STEP: Step = {
  id: "c-1/arm-agent@both",
  kind: "arm-agent",
  target: "c-1",
  epoch: "both",
  says: "Arm it.",
  manual: { row: "M1.11", commands: [] },
  permissions: [],
  undo: { kind: "nothing-to-undo" },
};

type Line = JournalEvent | readonly [step: string, event: JournalEvent];

function entries(...lines: readonly Line[]): JournalEntry[] {
  let head = EMPTY_HEAD;
  return lines.map((line, index) => {
    const [step, event] = "type" in line ? [undefined, line] : line;
    const at = new Date(Date.UTC(2026, 10, 23, 12, 0, index)).toISOString();
    const place = { at, rotation: "r-1", target: step?.split("/")[0] ?? "rotation" };
    const draft: EntryDraft = { ...place, ...(step === undefined ? {} : { step }), ...event };
    const next = nextLine(head, draft);
    head = next.head;
    return next.entry;
  });
}

const started = (before: unknown = { pin: "a" }): JournalEvent => ({ type: "step-started", data: { before } });
const applied: JournalEvent = { type: "step-applied", data: {} };
const done = (alreadyDone = false): JournalEvent => ({ type: "step-done", data: { evidence: [], alreadyDone } });
const failed: JournalEvent = { type: "step-failed", data: FAILURE };
const entered = (stage: string): JournalEvent => ({ type: "stage-entered", data: { stage } });
const stageDone = (stage: string): JournalEvent => ({ type: "stage-done", data: { stage } });
const held: JournalEvent = {
  type: "gate-held",
  data: { stage: "widen", holds: [{ target: "c-1/cluster-agent", why: "It is not armed.", hint: "Arm it." }] },
};
const added: JournalEvent = { type: "step-added", data: { stage: "widen", step: STEP } };
const finished: JournalEvent = { type: "plan-finished", data: { digest: "e".repeat(64), worldChanged: true } };
const waived = (reason: string): JournalEvent => ({
  type: "waived",
  data: { clusterId: "c-9", by: "ann", reason, until: "2026-12-24" },
});

const S = STEP.id;

function stateOf(...lines: readonly Line[]) {
  const state = foldJournal(entries(BEGUN, ...lines));
  if (state === undefined) throw new Error("a begun journal has a state");
  return state;
}

test("a journal without a plan has no state, and a plan begins with nothing done", () => {
  expect(foldJournal([])).toBeUndefined();
  expect(stateOf()).toEqual({
    rotation: "r-1",
    plans: [stateOf().current],
    current: {
      file: "plan.json",
      digest: "d".repeat(64),
      direction: "forward",
      begunAt: "2026-11-23T12:00:00.000Z",
      steps: {},
      stages: {},
      gates: {},
      lateSteps: {},
      endpoints: {},
    },
    waivers: [],
    holder: "ann@laptop",
    length: 1,
    lastAt: "2026-11-23T12:00:00.000Z",
  });
});

describe("a step", () => {
  const rows: [string, Line[], object][] = [
    ["started", [[S, started()]], { phase: "started", before: { pin: "a" }, attempts: 1 }],
    [
      "applied",
      [
        [S, started()],
        [S, applied],
      ],
      { phase: "applied", before: { pin: "a" } },
    ],
    [
      "done",
      [
        [S, started()],
        [S, applied],
        [S, done()],
      ],
      { phase: "done", alreadyDone: false, attempts: 1 },
    ],
    [
      "done without being seen applied",
      [
        [S, started()],
        [S, done()],
      ],
      { phase: "done" },
    ],
    ["found done", [[S, done(true)]], { phase: "done", alreadyDone: true, attempts: 0 }],
    [
      "failed",
      [
        [S, started()],
        [S, failed],
      ],
      { phase: "failed", failure: FAILURE },
    ],
    [
      "started again after a kill",
      [
        [S, started()],
        [S, started({ pin: "b" })],
      ],
      { phase: "started", before: { pin: "a" }, attempts: 2 },
    ],
    [
      "started again after a failure",
      [
        [S, started()],
        [S, failed],
        [S, started({ pin: "b" })],
        [S, done()],
      ],
      { phase: "done", before: { pin: "a" }, attempts: 2 },
    ],
    [
      "retried",
      [
        [S, started()],
        [S, { type: "step-retried", data: { attempt: 2, failure: FAILURE } }],
      ],
      { phase: "started", attempts: 2, failure: FAILURE },
    ],
    [
      "retried before it could start again after a failure",
      [
        [S, failed],
        [S, { type: "step-retried", data: { attempt: 1, failure: FAILURE } }],
        [S, started()],
      ],
      { phase: "started", before: { pin: "a" } },
    ],
    [
      "found done after a kill",
      [
        [S, started()],
        [S, done(true)],
      ],
      { phase: "done", alreadyDone: false },
    ],
    ["added late", [added], { phase: "pending", attempts: 0 }],
    [
      "done, then opened again and started",
      [[S, started()], [S, done()], added, [S, started({ pin: "b" })], added, [S, started({ pin: "c" })]],
      { phase: "started", before: { pin: "c" }, original: { pin: "a" } },
    ],
  ];
  test.each(rows)("%s", (_, lines, expected) => {
    expect(stateOf(...lines).current.steps[S]).toMatchObject(expected);
  });

  test("that succeeds after a retry forgets the failure", () => {
    const retried: JournalEvent = { type: "step-retried", data: { attempt: 2, failure: FAILURE } };
    expect(stateOf([S, started()], [S, retried], [S, done()]).current.steps[S]).not.toHaveProperty("failure");
  });
});

describe("a step that was found done", () => {
  const retried: JournalEvent = { type: "step-retried", data: { attempt: 1, failure: FAILURE } };
  const rows: [string, Line[], boolean][] = [
    ["at the first look was done before the rotation", [[S, done(true)]], true],
    [
      "twice was done before the rotation",
      [
        [S, done(true)],
        [S, done(true)],
      ],
      true,
    ],
    [
      "after a try may have been done by that",
      [
        [S, retried],
        [S, done(true)],
      ],
      false,
    ],
    [
      "after it was done was done by the rotation",
      [
        [S, started()],
        [S, done()],
        [S, done(true)],
      ],
      false,
    ],
  ];
  test.each(rows)("%s", (_, lines, alreadyDone) => {
    expect(stateOf(...lines).current.steps[S]).toMatchObject({ phase: "done", alreadyDone });
  });

  test("and is opened again has nothing from before to go back to", () => {
    const opened = stateOf([S, done(true)], added).current.steps[S];
    expect(opened).toMatchObject({ phase: "pending" });
    expect(opened).not.toHaveProperty("original");
  });
});

describe("a stage", () => {
  test("is entered, then done; the latest is remembered", () => {
    const { current } = stateOf(entered("arm@both"), stageDone("arm@both"), entered("widen"));
    expect(current.stages).toEqual({ "arm@both": "done", widen: "entered" });
    expect(current.stage).toBe("widen");
  });
  test("is held by its gate until that passes", () => {
    expect(stateOf(held).current.held).toMatchObject({ stage: "widen", holds: [{ target: "c-1/cluster-agent" }] });
    const passed: JournalEvent = { type: "gate-passed", data: { stage: "widen", waived: ["c-9"] } };
    const { current } = stateOf(held, passed);
    expect(current.held).toBeUndefined();
    expect(current.gates.widen).toMatchObject({ waived: ["c-9"] });
  });
  test("is held until it is done, and another one's hold stays", () => {
    expect(stateOf(entered("widen"), held, stageDone("widen")).current.held).toBeUndefined();
    expect(stateOf(entered("backup"), held, stageDone("backup")).current.held).toMatchObject({ stage: "widen" });
    const passed: JournalEvent = { type: "gate-passed", data: { stage: "backup", waived: [] } };
    expect(stateOf(held, passed).current.held).toMatchObject({ stage: "widen" });
  });
  test("is held no more once the plan is finished", () => {
    expect(stateOf(held, finished).current.held).toBeUndefined();
  });
  test("rests on while another one is done", () => {
    const rest: JournalEvent = { type: "rest-begun", data: { stage: "rest", until: "2026-12-01T00:00:00.000Z" } };
    expect(stateOf(entered("widen"), rest, stageDone("widen")).current.rest).toEqual(rest.data);
  });
  test("rests until it is done", () => {
    const rest: JournalEvent = { type: "rest-begun", data: { stage: "rest", until: "2026-12-01T00:00:00.000Z" } };
    expect(stateOf(entered("rest"), rest).current.rest).toEqual(rest.data);
    expect(stateOf(entered("rest"), rest, stageDone("rest")).current.rest).toBeUndefined();
  });
  test("has a late step once, however often it is opened", () => {
    expect(stateOf(added, added).current.lateSteps.widen).toEqual([STEP]);
  });
});

describe("the kubeconfigs of an authorized endpoint", () => {
  const renewed = (file: string): JournalEvent => ({
    type: "endpoint-renewed",
    data: { sealed: { file, sha256: "f" } },
  });
  test("are all kept, the last one last", () => {
    const { endpoints } = stateOf(renewed("first.age"), renewed("second.age")).current;
    expect(endpoints.rotation?.map(({ file }) => file)).toEqual(["first.age", "second.age"]);
  });
  test("belong to one plan: the next one has its own", () => {
    expect(stateOf(renewed("first.age"), finished, BEGUN).current.endpoints).toEqual({});
  });
});

describe("the rotation", () => {
  const paused: JournalEvent = { type: "paused", data: { by: "ann", why: "lunch" } };
  test("is paused until somebody goes on", () => {
    expect(stateOf(paused).paused).toMatchObject({ by: "ann", why: "lunch" });
    expect(stateOf(paused, { type: "unpaused", data: { by: "bob" } }).paused).toBeUndefined();
  });
  test("has the latest waiver for each cluster", () => {
    expect(stateOf(waived("first"), waived("second")).waivers.map(({ reason }) => reason)).toEqual(["second"]);
  });
  test("knows its last entry, and how many there are", () => {
    expect(stateOf(waived("gone"), paused)).toMatchObject({ lastAt: "2026-11-23T12:00:02.000Z", length: 3 });
  });
  test("belongs to whoever began the way back", () => {
    const back: JournalEvent = { ...BEGUN, data: { ...BEGUN.data, direction: "rollback", holder: "bob@desk" } };
    expect(stateOf(back).holder).toBe("bob@desk");
  });
  test("belongs to whoever took over last", () => {
    expect(stateOf({ type: "continued", data: { holder: "bob@desk", how: "taken-over" } }).holder).toBe("bob@desk");
  });
  test("begins a way back with nothing done, and keeps its waivers and the first run", () => {
    const back: JournalEvent = { ...BEGUN, data: { ...BEGUN.data, file: "rollback.json", direction: "rollback" } };
    const state = stateOf(waived("gone"), [S, started()], [S, done()], paused, back);
    expect(state.current).toMatchObject({ file: "rollback.json", direction: "rollback", steps: {} });
    expect(state.plans.map(({ direction, steps }) => [direction, Object.keys(steps)])).toEqual([
      ["forward", [S]],
      ["rollback", []],
    ]);
    expect(state.waivers).toHaveLength(1);
    expect(state.paused).toBeUndefined();
  });
  test("is finished, and takes notes and waivers then", () => {
    const state = stateOf(finished, { type: "noted", data: { text: "archived" } }, waived("late"));
    expect(state.current.finished).toMatchObject({ digest: "e".repeat(64), worldChanged: true });
  });
});

describe("entries that cannot follow those before are refused", () => {
  const rows: [string, Line[]][] = [
    ["a step applied that nothing started", [[S, applied]]],
    ["a step done that nothing started", [[S, done()]]],
    [
      "a done step started again",
      [
        [S, started()],
        [S, done()],
        [S, started()],
      ],
    ],
    [
      "a done step that fails",
      [
        [S, started()],
        [S, done()],
        [S, failed],
      ],
    ],
    [
      "a failed step that is done",
      [
        [S, started()],
        [S, failed],
        [S, done()],
      ],
    ],
    [
      "a done step that is tried again",
      [
        [S, started()],
        [S, done()],
        [S, { type: "step-retried", data: { attempt: 2, failure: FAILURE } }],
      ],
    ],
    [
      "a failed step that is applied",
      [
        [S, started()],
        [S, failed],
        [S, applied],
      ],
    ],
    ["a gate held after the end", [finished, held]],
    ["a stage done that nobody entered", [stageDone("widen")]],
    ["a step entry without a step", [started()]],
    ["a stage entry about a step", [[S, entered("widen")]]],
    ["a stage entered after the end", [finished, entered("widen")]],
    ["a step started after the end", [finished, [S, started()]]],
    ["a late step that is not a step", [{ type: "step-added", data: { stage: "widen", step: { id: "c-1/x" } } }]],
  ];
  test.each(rows)("%s", (_, lines) => {
    expect(() => stateOf(...lines)).toThrowError(expect.objectContaining({ code: "journal.broken" }));
  });
  test("with the place of the entry, its step and the reason", () => {
    expect(() => stateOf([S, applied])).toThrowError(
      `Entry 2 of the journal (step-applied) about step ${S} cannot follow those before it: the step was pending.`,
    );
    expect(() => stateOf(stageDone("widen"))).toThrowError(
      "Entry 2 of the journal (stage-done) cannot follow those before it: stage widen had not been entered.",
    );
  });
  test("a note about a step after the end is none of them", () => {
    expect(stateOf(finished, [S, { type: "noted", data: { text: "seen" } }]).current.finished).toBeDefined();
  });
  test("anything before the first plan", () => {
    expect(() => foldJournal(entries(waived("early")))).toThrowError(FarrierError);
  });
});

test("a fold that goes on entry by entry says the same as one over all", () => {
  const all = entries(BEGUN, entered("widen"), [S, started()], [S, applied], [S, done()], stageDone("widen"), finished);
  const fold = startFold();
  for (const [index, entry] of all.entries()) {
    fold.add(entry);
    expect(fold.state).toEqual(foldJournal(all.slice(0, index + 1)));
  }
});
