/** The arithmetic of a rotation's cost: of plans made by hand, so that each number can be followed. */
import { describe, expect, test } from "vitest";
import { estimate } from "./estimate.ts";
import type { Stage, Step, StepKind, Wave } from "./plan.ts";

const step = (kind: StepKind, index = 0): Step => ({
  id: `c-${index}/${kind}`,
  kind,
  target: `c-${index}`,
  says: "",
  manual: { row: "", commands: [] },
  permissions: [],
  undo: { kind: "nothing-to-undo" },
});
const wave = (steps: readonly Step[], change: Partial<Wave> = {}): Wave => ({
  id: "w",
  canary: false,
  failureBudget: 0,
  concurrency: 10,
  soakSeconds: 0,
  steps: [...steps],
  ...change,
});
const stage = (waves: readonly Wave[], change: Partial<Stage> = {}): Stage => ({
  id: "s",
  kind: "arm",
  says: "",
  gate: "nothing",
  waves: [...waves],
  ...change,
});
const many = (kind: StepKind, count: number) => Array.from({ length: count }, (_, index) => step(kind, index));
const least = (...stages: Stage[]) => estimate(stages, 0, 0).durationSeconds.least;

describe("the least time", () => {
  // Arming takes 3 s at the least, a redeploy 11 s, and what was saved is proved at once.
  const rows: { name: string; stages: Stage[]; seconds: number }[] = [
    { name: "of nothing is none", stages: [], seconds: 0 },
    { name: "of a wave without steps is none", stages: [stage([wave([])])], seconds: 0 },
    { name: "of one step is the step's", stages: [stage([wave([step("arm-agent")])])], seconds: 3 },
    { name: "of steps side by side is that of one", stages: [stage([wave(many("arm-agent", 10))])], seconds: 3 },
    {
      name: "of one more than fit side by side is twice that",
      stages: [stage([wave(many("arm-agent", 11))])],
      seconds: 6,
    },
    {
      name: "of a wave is that of its slowest step",
      stages: [stage([wave([step("arm-agent"), step("redeploy-agent")])])],
      seconds: 11,
    },
    {
      name: "of waves is their sum, with the soaking",
      stages: [stage([wave([step("arm-agent")], { soakSeconds: 7 }), wave([step("arm-agent")], { soakSeconds: 5 })])],
      seconds: 18,
    },
    {
      name: "of stages is their sum",
      stages: [stage([wave([step("arm-agent")])]), stage([wave([step("redeploy-agent")])])],
      seconds: 14,
    },
    {
      name: "counts a rest",
      stages: [stage([], { kind: "rest", rest: { kind: "seconds", seconds: 3600 } })],
      seconds: 3600,
    },
    {
      name: "does not know when a person goes on",
      stages: [stage([], { kind: "rest", rest: { kind: "until-resumed" } })],
      seconds: 0,
    },
  ];
  test.each(rows)("$name", ({ stages, seconds }) => {
    expect(least(...stages)).toBe(seconds);
  });

  test("grows by what arming waits for, once for each stage in which agents come over", () => {
    const spread = stage([], { kind: "spread" });
    const { durationSeconds } = estimate([stage([]), spread, spread], 0, 30);
    expect(durationSeconds).toEqual({ least: 60, most: 60 });
  });
});

describe("what starts anew", () => {
  const agents: StepKind[] = ["roll-agent", "redeploy-agent", "restart-agent", "pin-agent", "recreate-agent-pods"];
  test.each(agents)("is an agent at each %s", (kind) => {
    expect(estimate([stage([wave(many(kind, 3))])], 0, 0)).toMatchObject({ agentRestarts: 3, rancherRestarts: 0 });
  });
  const ranchers: StepKind[] = ["serve-bundle", "replace-certificate", "restart-rancher", "upgrade-release"];
  test.each(ranchers)("is Rancher at each %s", (kind) => {
    expect(estimate([stage([wave(many(kind, 2))])], 0, 0)).toMatchObject({ agentRestarts: 0, rancherRestarts: 2 });
  });
  test("is Rancher once for all clusters of a wave that want what it keeps in memory renewed", () => {
    const waves = [wave(many("renew-rancher", 4)), wave(many("renew-rancher", 2)), wave(many("arm-agent", 2))];
    expect(estimate([stage(waves)], 0, 0)).toMatchObject({ agentRestarts: 0, rancherRestarts: 2 });
  });
  const still: StepKind[] = [
    "arm-agent",
    "settle-agent",
    "present-certificate",
    "save-objects",
    "prove-trust",
    "drop-agent-tokens",
  ];
  test.each(still)("is nothing at a %s", (kind) => {
    expect(estimate([stage([wave([step(kind)])])], 0, 0)).toMatchObject({ agentRestarts: 0, rancherRestarts: 0 });
  });
});

test("each gate that asks about clusters looks at each of them with three requests", () => {
  const stages = [stage([]), stage([], { gate: "all-armed" }), stage([], { gate: "all-started" })];
  expect(estimate(stages, 7, 0).requests).toBe(2 * 7 * 3);
});
