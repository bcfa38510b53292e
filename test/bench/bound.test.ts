import { describe, expect, it } from "vitest";
import { type BoundedPlan, leastTimes } from "../../bench/bound.ts";

/** Seconds: 2 and 1 for a restart, and 30 of minReadySeconds in an estate ten times as fast, so 4 for a replica of an agent. */
const estate = (replicas: Readonly<Record<string, number>> = {}) => ({
  times: { rancher: 2, agent: 1 },
  replicas: new Map(Object.entries(replicas)),
  speed: 10,
});

/** Stages of waves of steps such as `roll-agent a`. */
function planOf(...stages: string[][][]): BoundedPlan {
  const stepOf = (text: string) => {
    const [kind = "", target = "rancher"] = text.split(" ");
    return { kind, target };
  };
  return {
    armingMinReadySeconds: 30,
    stages: stages.map((waves) => ({ waves: waves.map((steps) => ({ steps: steps.map(stepOf) })) })),
  };
}

const SERVED = [["serve-bundle"]];

describe("the least time of a rotation", () => {
  it.each([
    {
      name: "is nothing for what only writes",
      plan: planOf([["save-objects"]], [["arm-agent a", "arm-agent b"]]),
      inTurn: 0,
      overlapped: 0,
    },
    { name: "is a restart of Rancher's", plan: planOf(SERVED), inTurn: 2, overlapped: 2 },
    {
      name: "has a rollout that waits for a bundle after Rancher's restart with it, or meanwhile",
      plan: planOf(SERVED, [["roll-agent a"]]),
      inTurn: 6,
      overlapped: 4,
    },
    {
      name: "is that of one agent, however many roll and in how many waves",
      plan: planOf(SERVED, [["roll-agent a", "roll-agent b"], ["roll-agent c"]]),
      inTurn: 6,
      overlapped: 4,
    },
    {
      name: "is the canary's and then Rancher's at the switch",
      plan: planOf([["present-certificate"], ["restart-agent a"], ["restart-rancher"]]),
      inTurn: 6,
      overlapped: 6,
    },
    {
      name: "is the sum of both bundles and the switch",
      plan: planOf(SERVED, [["roll-agent a"]], [["restart-agent a"], ["restart-rancher"]], SERVED, [["roll-agent a"]]),
      inTurn: 18,
      overlapped: 14,
    },
  ])("$name", ({ plan, inTurn, overlapped }) => {
    expect(leastTimes(plan, estate())).toEqual({ inTurn, overlapped });
  });

  it("has the replicas of an agent one after the other", () => {
    const plan = planOf(SERVED, [["roll-agent a", "roll-agent b"]]);
    expect(leastTimes(plan, estate({ a: 1, b: 2 }))).toEqual({ inTurn: 10, overlapped: 8 });
  });
});
