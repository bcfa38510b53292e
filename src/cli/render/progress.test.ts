import { describe, expect, test } from "vitest";
import { agentWith, clusterWith } from "../../../test/helpers/estate-builder.ts";
import { BEGUN, done, entered, type Line, stageDone, started, stateOf } from "../../../test/helpers/journal-builder.ts";
import { overlapPlan, PIN } from "../../../test/helpers/plan-builder.ts";
import { plain, terminalOf, trailingBlanks } from "../../../test/helpers/terminal.ts";
import type { Plan } from "../../plan/plan.ts";
import { countSteps, progressLines } from "./progress.ts";

const PLAN = overlapPlan(["c-1", "c-2", "c-3", "c-4"].map((id) => clusterWith(id, agentWith(PIN.current))));
const FAILED = { code: "api.forbidden", message: "May not.", hint: "Ask." };
/** The journal's first entry is of 12:00:00. */
const AT = new Date("2026-11-23T12:01:40.000Z");

function picture(lines: readonly Line[], now = AT, plan: Plan = PLAN): string[] {
  return progressLines(plan, stateOf(...lines), now, terminalOf(200, 50).stream).map(plain);
}

function stage(id: string) {
  const found = PLAN.stages.find((one) => one.id === id);
  if (found === undefined) throw new Error(`The plan has no stage ${id}.`);
  return found;
}

const armed = (id: string): Line[] => [
  [`${id}/arm-agent@both`, started],
  [`${id}/arm-agent@both`, done],
];
/** Half of the plan's steps, or one more. */
function firstHalf(): Line[] {
  const steps = PLAN.stages.flatMap((one) => one.waves).flatMap((wave) => wave.steps);
  return steps.slice(0, Math.ceil(steps.length / 2)).flatMap(({ id }): Line[] => [
    [id, started],
    [id, done],
  ]);
}
const UNDER_WAY: readonly Line[] = [
  BEGUN,
  entered("backup"),
  ...["rotation/save-objects", "rotation/prove-decryption"].flatMap((id): Line[] => [
    [id, started],
    [id, done],
  ]),
  stageDone("backup"),
  entered("arm@both"),
  ...armed("c-1"),
  ...armed("c-2"),
  ["c-3/arm-agent@both", started],
];

describe("steps of a stage, counted by what became of them", () => {
  test.each<{ name: string; lines: readonly Line[]; counts: object }>([
    { name: "nothing yet", lines: [BEGUN], counts: { total: 4, done: 0, underWay: 0, failed: 0 } },
    { name: "some of each", lines: UNDER_WAY, counts: { total: 4, done: 2, underWay: 1, failed: 0 } },
    {
      name: "applied is still under way",
      lines: [...UNDER_WAY, ["c-3/arm-agent@both", { type: "step-applied", data: {} }]],
      counts: { total: 4, done: 2, underWay: 1, failed: 0 },
    },
    {
      name: "failed",
      lines: [...UNDER_WAY, ["c-3/arm-agent@both", { type: "step-failed", data: FAILED }]],
      counts: { total: 4, done: 2, underWay: 0, failed: 1 },
    },
    {
      name: "a cluster that came later counts too",
      lines: [
        ...UNDER_WAY,
        {
          type: "step-added",
          data: {
            stage: "arm@both",
            step: { ...stage("arm@both").waves[0]?.steps[0], id: "c-9/arm-agent@both", target: "c-9" },
          },
        },
      ],
      counts: { total: 5, done: 2, underWay: 1, failed: 0 },
    },
  ])("$name", ({ lines, counts }) => {
    expect(countSteps(stage("arm@both"), stateOf(...lines).current)).toEqual(counts);
  });
});

describe("the picture of a rotation", () => {
  test("has a line for every stage, in order, with names aligned", () => {
    const lines = picture(UNDER_WAY);
    const names = lines.slice(1).map((line) => line.split(/\s+/)[1]);
    expect(names).toEqual(PLAN.stages.map(({ id }) => id));
    const widest = Math.max(...PLAN.stages.map(({ id }) => id.length));
    const texts = lines.slice(1).map((line) => line.slice(2 + widest, 4 + widest));
    expect(new Set(texts)).toEqual(new Set(["  "]));
    expect(trailingBlanks(lines.join("\n"))).toEqual([]);
  });

  test.each<{ name: string; lines: readonly Line[]; says: RegExp }>([
    { name: "a stage that is done says how much was done", lines: UNDER_WAY, says: /^✓ backup +2 of 2$/ },
    {
      name: "the stage under way has a bar and counts",
      lines: UNDER_WAY,
      says: /^▸ arm@both +█{10}▒{5}░{5} 2 of 4, 1 under way$/,
    },
    {
      name: "a later stage says what it will do",
      lines: UNDER_WAY,
      says: /^· widen +Rancher serves the wider bundle\.$/,
    },
    {
      name: "failures are counted in words",
      lines: [...UNDER_WAY, ["c-3/arm-agent@both", { type: "step-failed", data: FAILED }]],
      says: /^▸ arm@both .* 2 of 4, 1 failed$/,
    },
    {
      name: "failures that a wave's budget let pass are still counted when the stage is done",
      lines: [...UNDER_WAY, ["c-3/arm-agent@both", { type: "step-failed", data: FAILED }], stageDone("arm@both")],
      says: /^✓ arm@both +2 of 4, 1 failed$/,
    },
    {
      name: "a gate that holds",
      lines: [...UNDER_WAY, { type: "gate-held", data: { stage: "widen", holds: [] } }],
      says: /^‖ widen +waits at its gate$/,
    },
    {
      name: "who paused it, and why",
      lines: [...UNDER_WAY, { type: "paused", data: { by: "ann", why: "lunch" } }],
      says: /^paused by ann: lunch$/,
    },
    {
      name: "a rest with an end",
      lines: [
        BEGUN,
        entered("rest"),
        { type: "rest-begun", data: { stage: "rest", until: "2026-11-23T12:03:00.000Z" } },
      ],
      says: /^rests for another 1 min 20 s$/,
    },
    {
      name: "a rest without one",
      lines: [BEGUN, entered("rest"), { type: "rest-begun", data: { stage: "rest", until: "resumed" } }],
      says: /^rests until somebody resumes it$/,
    },
  ])("$name", ({ lines, says }) => {
    expect(picture(lines)).toContainEqual(expect.stringMatching(says));
  });

  test("names who holds the gate, why, and what to do; of many only the first, with their number", () => {
    const holds = Array.from({ length: 9 }, (_, index) => ({
      target: `c-${index}/cluster-agent`,
      why: "It is not armed.",
      hint: "Wait for it.",
    }));
    const lines = picture([...UNDER_WAY, { type: "gate-held", data: { stage: "widen", holds } }]);
    const at = lines.indexOf("  c-0/cluster-agent  It is not armed.");
    expect(lines[at + 1]).toBe("    Wait for it.");
    expect(lines.filter((line) => line.includes("not armed"))).toHaveLength(6);
    expect(lines.at(-1)).toBe("  and 3 more; farrier status names all");
  });
});

describe("the time", () => {
  test.each<{ name: string; lines: readonly Line[]; now: Date; says: RegExp }>([
    { name: "at first, the estimate", lines: [BEGUN], now: AT, says: /1 min 40 s so far, \d+ min or more to go$/ },
    {
      name: "when it is finished, what it took",
      lines: [BEGUN, { type: "plan-finished", data: { digest: "d".repeat(64), worldChanged: true } }],
      now: new Date("2026-11-23T12:00:01.000Z"),
      says: /took 1 s$/,
    },
    {
      name: "once half of the steps are done, their pace",
      lines: [BEGUN, ...firstHalf()],
      now: new Date("2026-11-23T12:00:40.000Z"),
      says: /40 s so far, about (3\d|40) s to go$/,
    },
  ])("$name", ({ lines, now, says }) => {
    const head = picture(lines, now)[0];
    expect(head).toMatch(/^overlap of https:\/\/rancher\.example\.test {2}/);
    expect(head).toMatch(says);
  });

  test("a way back is called one", () => {
    expect(picture([BEGUN], AT, { ...PLAN, direction: "rollback" })[0]).toMatch(/^rollback of https:/);
  });
});

test("nothing is coloured where nobody asked for it", () => {
  const lines = progressLines(PLAN, stateOf(...UNDER_WAY), AT, terminalOf(80, 24, false).stream);
  expect(lines.map(plain)).toEqual(lines);
});
