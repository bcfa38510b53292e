import { describe, expect, test } from "vitest";
import { agentWith, clusterWith } from "../../test/helpers/estate-builder.ts";
import { overlapPlan, PIN, SEALED } from "../../test/helpers/plan-builder.ts";
import { epochNamed, finalEpoch, onlyRefreshed, plannedCluster, sealedPair, stageNamed, stepsOf } from "./reading.ts";

const plan = overlapPlan(["c-1", "c-2"].map((id) => clusterWith(id, agentWith(PIN.current))));

test("what a plan has is found by its name", () => {
  expect(epochNamed(plan, "both").pin).toBe(PIN.both);
  expect(finalEpoch(plan).pin).toBe(PIN.target);
  expect(stageNamed(plan, "widen").epoch).toBe("both");
  expect(sealedPair(plan, "target")).toEqual(SEALED);
  expect(plannedCluster(plan, "c-2")?.name).toBe("name-of-c-2");
  expect(stepsOf(stageNamed(plan, "arm@both")).map(({ id }) => id)).toEqual([
    "c-1/arm-agent@both",
    "c-2/arm-agent@both",
  ]);
});

describe("a plan that somebody has put together wrongly is called invalid:", () => {
  const { sealed: _, ...unsealed } = plan.serving.target;
  const rows: [string, () => unknown, string][] = [
    ["no such epoch", () => epochNamed({ epochs: plan.epochs.slice(0, 1) }, "both"), "names epoch both"],
    ["no epoch at all", () => finalEpoch({ epochs: [] }), "has no epochs"],
    ["no such stage", () => stageNamed(plan, "spread@moon"), "has no stage spread@moon"],
    [
      "a certificate that is not sealed",
      () => sealedPair({ serving: { ...plan.serving, target: unsealed } }, "target"),
      "has not sealed its target certificate",
    ],
  ];
  test.each(rows)("%s", (_name, read, sentence) => {
    expect(read).toThrowError(
      expect.objectContaining({ code: "plan.invalid", message: expect.stringContaining(sentence) }),
    );
  });
});

test("a cluster that came after the plan has no line in it", () => {
  expect(plannedCluster(plan, "c-9")).toBeUndefined();
});

test("a refresh is about its clusters alone; everything else is about all", () => {
  const reach = { kubeconfig: "/home/anna/kubeconfig", context: "paris", server: "https://example.test" };
  const refreshed = ["c-2", "c-5"].map((id) => ({ id, name: id, kubeSystemUid: "u", reach, comparisons: [] }));
  expect(onlyRefreshed({ ...plan, refreshed })).toEqual({ only: ["c-2", "c-5"] });
  expect(onlyRefreshed(plan)).toEqual({});
});
