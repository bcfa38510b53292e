import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { agentWith, clusterWith } from "../../../test/helpers/estate-builder.ts";
import {
  BEGUN,
  done,
  entered,
  journalOf,
  type Line,
  stageDone,
  started,
} from "../../../test/helpers/journal-builder.ts";
import { overlapPlan, PIN } from "../../../test/helpers/plan-builder.ts";
import { plain, type Terminal, terminalOf } from "../../../test/helpers/terminal.ts";
import { startFold } from "../../journal/fold.ts";
import { type ProgressView, progressView } from "./live.ts";

const PLAN = overlapPlan([clusterWith("c-1", agentWith(PIN.current))]);
const FAILURE = { code: "api.forbidden", message: "May not.", hint: "Ask." };
/** Longer than the view waits between two pictures. */
const A_WHILE = 500;

beforeEach(() => {
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.useFakeTimers({ now: new Date("2026-11-23T12:00:30.000Z") });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** Shows all lines, the last one after a pause in which the others are drawn. */
function show(view: ProgressView, ...lines: readonly Line[]): void {
  const fold = startFold();
  for (const entry of journalOf(...lines)) {
    fold.add(entry);
    if (fold.state !== undefined) view.show(entry, fold.state);
    vi.advanceTimersByTime(A_WHILE);
  }
}

const RUN: readonly Line[] = [
  BEGUN,
  entered("backup"),
  ["rotation/save-objects", started],
  ["rotation/save-objects", done],
  stageDone("backup"),
  entered("arm@both"),
];
const HELD: Line = {
  type: "gate-held",
  data: {
    stage: "widen",
    holds: [{ target: "c-1/cluster-agent", why: `It ${"still ".repeat(40)}waits.`, hint: "Wait." }],
  },
};

function onScreen(terminal: Terminal, ...lines: readonly Line[]): string[] {
  const view = progressView(PLAN, terminal.stream);
  show(view, ...lines);
  view.end();
  return terminal.lines();
}

describe("the live picture", () => {
  test("each drawing takes the place of the one before: one picture is on the screen in the end", () => {
    const lines = onScreen(terminalOf(120, 40), ...RUN, HELD);
    expect(lines.filter((line) => line.includes("overlap of"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("✓ backup"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("waits at its gate"))).toHaveLength(1);
    expect(lines).toHaveLength(1 + PLAN.stages.length + 2);
  });

  test("a picture that gets shorter leaves nothing of the longer one", () => {
    const passed: Line = { type: "gate-passed", data: { stage: "widen", waived: [] } };
    const lines = onScreen(terminalOf(120, 40), ...RUN, HELD, passed);
    expect(lines).toHaveLength(1 + PLAN.stages.length);
    expect(lines.join("\n")).not.toContain("Wait.");
  });

  test("what stood on the screen before stays", () => {
    const terminal = terminalOf(120, 40);
    terminal.stream.write("$ farrier apply rotation\n");
    expect(onScreen(terminal, ...RUN, HELD)[0]).toBe("$ farrier apply rotation");
  });

  test.each([
    { name: "a wide terminal", columns: 120 },
    { name: "a narrow one", columns: 40 },
    { name: "a very narrow one", columns: 24 },
  ])("no line reaches the edge of $name, where it would wrap and break the drawing", ({ columns }) => {
    const lines = onScreen(terminalOf(columns, 40), ...RUN, HELD);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
    expect(lines).toHaveLength(1 + PLAN.stages.length + 2);
    expect(lines.find((line) => line.includes("c-1/cluster-agent"))).toMatch(/…$/);
  });

  test("wide characters count twice when a line is cut", () => {
    const holds = [{ target: "c-1", why: "北京".repeat(60), hint: "Wait." }];
    const terminal = terminalOf(40, 40);
    onScreen(terminal, ...RUN, { type: "gate-held", data: { stage: "widen", holds } });
    const line = plain(terminal.written())
      .split("\n")
      .findLast((one) => one.includes("北京"));
    expect(line?.match(/[北京]/g)?.length).toBeLessThanOrEqual(17);
  });

  test("a screen that is too low shows the top and the end, and says what it leaves out", () => {
    const lines = onScreen(terminalOf(120, 8), ...RUN, HELD);
    expect(lines).toHaveLength(7);
    expect(lines[0]).toMatch(/^overlap of/);
    expect(lines[5]).toMatch(/^… \d+ more lines; farrier status shows all$/);
    expect(lines.filter((line) => line.includes("overlap of"))).toHaveLength(1);
  });

  test("a name with line ends or control sequences breaks nothing", () => {
    const holds = [{ target: "c-1\n\u001b[2J\nevil", why: "It waits.", hint: "Wait." }];
    const lines = onScreen(terminalOf(120, 40), ...RUN, { type: "gate-held", data: { stage: "widen", holds } });
    expect(lines).toHaveLength(1 + PLAN.stages.length + 2);
    expect(lines[0]).toMatch(/^overlap of/);
  });

  test("a sentence for the person stands below, and is gone from the last picture", () => {
    const terminal = terminalOf(120, 40);
    const view = progressView(PLAN, terminal.stream);
    show(view, ...RUN);
    view.note("Finishing the steps in hand.");
    vi.advanceTimersByTime(A_WHILE);
    expect(terminal.lines().at(-1)).toBe("Finishing the steps in hand.");
    view.end();
    expect(terminal.lines().at(-1)).toMatch(/^· prove/);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("where there is no terminal, lines tell the story", () => {
  test.each<{ name: string; line: Line; says: string | undefined }>([
    { name: "a stage begins", line: entered("widen"), says: "widen  entered" },
    {
      name: "a gate holds: who and why",
      line: {
        type: "gate-held",
        data: {
          stage: "widen",
          holds: [
            { target: "c-1/cluster-agent", why: "It is not armed.", hint: "Wait." },
            { target: "c-2/cluster-agent", why: "It is gone.", hint: "Wait." },
          ],
        },
      },
      says: "widen  held: c-1/cluster-agent (It is not armed.); c-2/cluster-agent (It is gone.)",
    },
    {
      name: "a rest",
      line: { type: "rest-begun", data: { stage: "rest", until: "2026-11-24T12:00:00.000Z" } },
      says: "rest  rests until 2026-11-24T12:00:00.000Z",
    },
    {
      name: "another try",
      line: ["c-1/arm-agent@both", { type: "step-retried", data: { attempt: 1, failure: FAILURE } }],
      says: "c-1/arm-agent@both  tries again: May not.",
    },
    {
      name: "a failure, with what to do",
      line: ["c-1/arm-agent@both", { type: "step-failed", data: FAILURE }],
      says: "c-1/arm-agent@both  failed: May not. Ask.",
    },
    {
      name: "a reason that is no sentence yet",
      line: ["c-1/arm-agent@both", { type: "step-failed", data: { ...FAILURE, message: "no room" } }],
      says: "c-1/arm-agent@both  failed: no room. Ask.",
    },
    { name: "a pause", line: { type: "paused", data: { by: "ann", why: "lunch" } }, says: "paused by ann: lunch" },
    {
      name: "a waiver",
      line: { type: "waived", data: { clusterId: "c-9", by: "ann", reason: "offline", until: "2027-01-31" } },
      says: "c-9  waived by ann: offline",
    },
    { name: "a note", line: { type: "noted", data: { text: "Two\nlines." } }, says: "Two lines." },
    {
      name: "somebody else goes on",
      line: { type: "continued", data: { holder: "ben@desk", how: "taken-over" } },
      says: "continued (taken-over)",
    },
    {
      name: "the end",
      line: { type: "plan-finished", data: { digest: "d".repeat(64), worldChanged: true } },
      says: "finished",
    },
    { name: "a step that goes well is not worth a line", line: ["c-1/arm-agent@both", started], says: undefined },
  ])("$name", ({ line, says }) => {
    const terminal = terminalOf(80, 24, false);
    const view = progressView(PLAN, terminal.stream);
    show(view, BEGUN, line);
    view.end();
    const rest = says === undefined ? "" : `12:00:01  ${says}\n`;
    expect(terminal.written()).toBe(`12:00:00  rotation begun\n${rest}`);
  });

  test.each([
    { name: "a rotation", plan: PLAN, says: "rotation begun" },
    { name: "a refresh", plan: { ...PLAN, procedure: "refresh" as const }, says: "refresh begun" },
    { name: "a rollback", plan: { ...PLAN, direction: "rollback" as const }, says: "rollback begun" },
  ])("$name begins by its name", ({ plan, says }) => {
    const terminal = terminalOf(80, 24, false);
    const view = progressView(plan, terminal.stream);
    show(view, BEGUN);
    view.end();
    expect(terminal.written()).toBe(`12:00:00  ${says}\n`);
  });

  test("and nothing is redrawn or coloured", () => {
    const terminal = terminalOf(80, 24, false);
    const view = progressView(PLAN, terminal.stream);
    show(view, ...RUN, HELD);
    view.note("Finishing the steps in hand.");
    view.end();
    expect(plain(terminal.written())).toBe(terminal.written());
    expect(terminal.written()).toMatch(/Finishing the steps in hand\.\n$/);
    expect(vi.getTimerCount()).toBe(0);
  });
});
