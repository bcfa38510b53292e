/** The life of a step as the fold has it: which entry may follow in which phase, and when each thing happened. */
import { describe, expect, test } from "vitest";
import { BEGUN, done, entered, type Line, stageDone, started, stateOf } from "../../test/helpers/journal-builder.ts";
import type { Step } from "../plan/plan.ts";
import type { JournalEvent } from "./entry.ts";
import type { StepState } from "./rotation-state.ts";

const step = (id: string): Step => ({
  id,
  kind: "arm-agent",
  target: "c-1",
  epoch: "both",
  says: "Arm it.",
  manual: { row: "M1.11", commands: [] },
  permissions: [],
  undo: { kind: "nothing-to-undo" },
});
const S = "c-1/arm-agent@both";
const failure = { code: "api.forbidden", message: "May not.", hint: "Ask." };
const applied: JournalEvent = { type: "step-applied", data: {} };
const foundDone: JournalEvent = { type: "step-done", data: { evidence: [], alreadyDone: true } };
const failed: JournalEvent = { type: "step-failed", data: failure };
const retried: JournalEvent = { type: "step-retried", data: { attempt: 1, failure } };
const added = (id = S, stage = "widen"): JournalEvent => ({ type: "step-added", data: { stage, step: step(id) } });
const waived = (clusterId: string, reason = "gone"): JournalEvent => ({
  type: "waived",
  data: { clusterId, by: "ann", reason, until: "2026-12-24" },
});
const finished: JournalEvent = { type: "plan-finished", data: { digest: "e", worldChanged: true } };

const about = (...events: JournalEvent[]): Line[] => events.map((event) => [S, event] as const);
const stepOf = (...lines: Line[]): StepState | undefined => stateOf(BEGUN, ...lines).current.steps[S];

/** Entries that lead to each phase. */
const TO: Readonly<Record<StepState["phase"], Line[]>> = {
  pending: [added()],
  started: about(started),
  applied: about(started, applied),
  done: about(started, applied, done),
  failed: about(started, failed),
};

describe("after a step that is", () => {
  type After = StepState["phase"] | "refused";
  /** What each entry makes of each phase. */
  const rows: [
    StepState["phase"],
    Record<"started" | "applied" | "retried" | "done" | "foundDone" | "failed", After>,
  ][] = [
    [
      "pending",
      {
        started: "started",
        applied: "refused",
        retried: "pending",
        done: "refused",
        foundDone: "done",
        failed: "failed",
      },
    ],
    [
      "started",
      { started: "started", applied: "applied", retried: "started", done: "done", foundDone: "done", failed: "failed" },
    ],
    [
      "applied",
      { started: "started", applied: "applied", retried: "applied", done: "done", foundDone: "done", failed: "failed" },
    ],
    [
      "done",
      {
        started: "refused",
        applied: "refused",
        retried: "refused",
        done: "refused",
        foundDone: "done",
        failed: "refused",
      },
    ],
    [
      "failed",
      {
        started: "started",
        applied: "refused",
        retried: "failed",
        done: "refused",
        foundDone: "done",
        failed: "failed",
      },
    ],
  ];
  const events = { started, applied, retried, done, foundDone, failed };
  const cells = rows.flatMap(([phase, row]) =>
    Object.entries(row).map(([name, after]) => [phase, name, after] as const),
  );
  test.each(cells)("%s, an entry that it is %s leads to: %s", (phase, name, after) => {
    const event = Object.entries(events).find(([key]) => key === name)?.[1];
    if (event === undefined) throw new Error(`there is an entry ${name}`);
    const lines: Line[] = [...TO[phase], [S, event]];
    if (after === "refused") expect(() => stepOf(...lines)).toThrowError(`the step was ${phase}`);
    else expect(stepOf(...lines)?.phase).toBe(after);
  });
});

describe("a step", () => {
  const rows: [string, Line[], Partial<StepState>][] = [
    ["that was just added has shown nothing", [added()], { attempts: 0, evidence: [], alreadyDone: false }],
    ["that was just started has shown nothing", about(started), { attempts: 1, evidence: [], alreadyDone: false }],
    [
      "that is done has shown what its entry says",
      about(started, { type: "step-done", data: { evidence: [evidence()], alreadyDone: false } }),
      { evidence: [evidence()], alreadyDone: false },
    ],
    [
      "that is opened again has shown nothing any more",
      [...about(started, { type: "step-done", data: { evidence: [evidence()], alreadyDone: true } }), added()],
      { phase: "pending", evidence: [], attempts: 0, alreadyDone: false },
    ],
    ["that was done and is found done was done by the rotation", [...TO.done, [S, foundDone]], { alreadyDone: false }],
    ["that was found done and is found done again was not", about(foundDone, foundDone), { alreadyDone: true }],
  ];
  test.each(rows)("%s", (_, lines, expected) => {
    expect(stepOf(...lines)).toMatchObject(expected);
  });

  /** The plan begins at 12:00:00; each entry is a second later than the one before. */
  const times: [string, Line[], number][] = [
    ["was added", [added()], 1],
    ["was started", about(started), 1],
    ["was applied", about(started, applied), 2],
    ["was started again", about(started, failed, started), 3],
    ["was retried", about(started, retried), 2],
    ["was done", about(started, applied, done), 3],
    ["has failed", about(started, failed), 2],
    ["was added again", [...TO.done, added()], 4],
    ["was done, whatever was noted of it since", [...TO.done, [S, { type: "noted", data: { text: "x" } }]], 3],
  ];
  test.each(times)("is as old as the entry that it %s", (_, lines, second) => {
    expect(stepOf(...lines)?.at).toBe(`2026-11-23T12:00:0${second}.000Z`);
  });
});

describe("late steps", () => {
  test("of a stage are all kept, in the order in which they came; one that comes again is the last", () => {
    const [first, second] = ["c-1/arm-agent@both", "c-2/arm-agent@both"] as const;
    const { lateSteps } = stateOf(BEGUN, added(first), added(second), added(first)).current;
    expect(lateSteps.widen?.map(({ id }) => id)).toEqual([second, first]);
  });
  test("of different stages are kept apart", () => {
    const { lateSteps } = stateOf(BEGUN, added("c-1/a"), added("c-1/b", "narrow")).current;
    expect(Object.entries(lateSteps).map(([stage, steps]) => [stage, steps.map(({ id }) => id)])).toEqual([
      ["widen", ["c-1/a"]],
      ["narrow", ["c-1/b"]],
    ]);
  });
});

describe("when it happened is known of", () => {
  test("a pause, a gate that held, one that opened, and the end", () => {
    const held: JournalEvent = { type: "gate-held", data: { stage: "widen", holds: [] } };
    const passed: JournalEvent = { type: "gate-passed", data: { stage: "widen", waived: [] } };
    const paused: JournalEvent = { type: "paused", data: { by: "ann", why: "lunch" } };
    expect(stateOf(BEGUN, paused).paused?.at).toBe("2026-11-23T12:00:01.000Z");
    expect(stateOf(BEGUN, entered("widen"), held).current.held?.at).toBe("2026-11-23T12:00:02.000Z");
    expect(stateOf(BEGUN, held, passed).current.gates.widen?.at).toBe("2026-11-23T12:00:02.000Z");
    expect(stateOf(BEGUN, stageLine(), finished).current.finished?.at).toBe("2026-11-23T12:00:02.000Z");
  });
});

describe("the rotation", () => {
  test("keeps the waivers of other clusters, and of each the latest", () => {
    const { waivers } = stateOf(BEGUN, waived("c-1", "first"), waived("c-2"), waived("c-1", "second"));
    expect(waivers.map(({ clusterId, reason }) => [clusterId, reason])).toEqual([
      ["c-2", "gone"],
      ["c-1", "second"],
    ]);
  });

  const late: [string, Line][] = [
    ["a kubeconfig that is renewed", { type: "endpoint-renewed", data: { sealed: { file: "x", sha256: "y" } } }],
    ["a stage that is entered", entered("widen")],
    ["a stage that is done", stageDone("widen")],
    ["a gate that opens", { type: "gate-passed", data: { stage: "widen", waived: [] } }],
    ["a rest", { type: "rest-begun", data: { stage: "rest", until: "2026-12-01T00:00:00Z" } }],
    ["a late step", added()],
    ["a late step that is written of its own step", [S, added()]],
  ];
  test.each(late)("has no use for %s once its plan is finished", (_, line) => {
    expect(() => stateOf(BEGUN, entered("widen"), finished, line)).toThrowError("the plan was finished");
  });
});

function evidence(): StepState["evidence"][number] {
  return { kind: "started", pin: "a", at: "2026-11-23T12:00:00Z", source: "deployment" };
}

function stageLine(): Line {
  return entered("prove");
}
