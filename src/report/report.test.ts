import { describe, expect, test } from "vitest";
import { agentWith, armedAgent, clusterWith, NOW, withUnproved } from "../../test/helpers/estate-builder.ts";
import { BEGUN, entered, journalOf, type Line, stageDone, stateOf } from "../../test/helpers/journal-builder.ts";
import { estateOf, overlapPlan, PIN, TARGET_BUNDLE } from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { trustMatrix } from "../estate/trust-matrix.ts";
import { remainingTrust } from "./remaining-trust.ts";
import { buildReport, reportSchema } from "./report.ts";
import { stageTimes } from "./stage-times.ts";

const PLAN = overlapPlan([clusterWith("c-1", agentWith(PIN.current)), clusterWith("c-2", agentWith(PIN.current))]);
const AFTER = estateOf([clusterWith("c-1", agentWith(PIN.target)), clusterWith("c-2", agentWith(PIN.both))], {
  bundle: TARGET_BUNDLE,
});
const FINISHED: Line = { type: "plan-finished", data: { digest: "d".repeat(64), worldChanged: true } };
const BACK: Line = {
  type: "plan-begun",
  data: { file: "rollback-1.json", digest: "e".repeat(64), direction: "rollback", holder: "ben@desk" },
};
const WAIVED: Line = {
  type: "waived",
  data: { clusterId: "c-2", by: "ann", reason: "offline", until: "2027-01-31" },
};

function reportOf(lines: readonly Line[], estate: Estate = AFTER) {
  const [entries, state] = [journalOf(...lines), stateOf(...lines)];
  return buildReport({ plan: PLAN, entries, state, headHash: "a".repeat(64), estate, now: NOW });
}

describe("the report", () => {
  test.each<{ name: string; lines: readonly Line[]; outcome: string }>([
    { name: "is unfinished until the plan's end", lines: [BEGUN, entered("backup")], outcome: "unfinished" },
    { name: "is finished at its end", lines: [BEGUN, FINISHED], outcome: "finished" },
    { name: "is unfinished again on the way back", lines: [BEGUN, FINISHED, BACK], outcome: "unfinished" },
    { name: "is rolled back at the end of that", lines: [BEGUN, BACK, FINISHED], outcome: "rolled-back" },
  ])("$name", ({ lines, outcome }) => {
    expect(reportOf(lines).outcome).toBe(outcome);
  });

  test("has the shape that is published, and names every plan that was begun", () => {
    const report = reportOf([BEGUN, WAIVED, BACK, FINISHED]);
    expect(reportSchema.parse(report)).toEqual(report);
    expect(report.plans.map(({ file, direction }) => [file, direction])).toEqual([
      ["plan.json", "forward"],
      ["rollback-1.json", "rollback"],
    ]);
    expect(report.journal).toEqual({ entries: 4, headHash: "a".repeat(64) });
    expect(report.waivers).toEqual([{ clusterId: "c-2", by: "ann", reason: "offline", until: "2027-01-31" }]);
  });

  test("says which of the plan's bundles is served, or that it is none of them", () => {
    expect(reportOf([BEGUN]).now).toMatchObject({ pin: PIN.target, epoch: "target" });
    const strange = estateOf([], { served: ["something else"] });
    expect(reportOf([BEGUN], strange).now.epoch).toBe("none of the plan's");
  });

  test("shows what each consumer has proved for each bundle", () => {
    const cells = reportOf([BEGUN]).consumers.map(({ id, cells: all }) => [
      id,
      ...all.map(({ epoch, state }) => `${epoch}: ${state}`),
    ]);
    expect(cells).toContainEqual(["c-1/cluster-agent", "current: none", "both: none", "target: started"]);
    expect(cells).toContainEqual(["c-2/cluster-agent", "current: none", "both: started", "target: none"]);
    expect(cells).toContainEqual(["c-1/kubeconfig", "current: unproved", "both: unproved", "target: unproved"]);
  });
});

describe("when stages were entered and done", () => {
  test("every stage has a row in the plan's order; one that was not reached has no times", () => {
    const rows = stageTimes(PLAN, journalOf(BEGUN, entered("backup"), stageDone("backup"), entered("arm@both")));
    expect(rows.map(({ id }) => id)).toEqual(PLAN.stages.map(({ id }) => id));
    expect(rows[0]).toMatchObject({ enteredAt: "2026-11-23T12:00:01.000Z", doneAt: "2026-11-23T12:00:02.000Z" });
    expect(rows[1]).not.toHaveProperty("doneAt");
    expect(rows[2]).not.toHaveProperty("enteredAt");
  });

  test("a stage that was entered again keeps its first beginning and has its last end", () => {
    const again = [entered("backup"), stageDone("backup")];
    expect(stageTimes(PLAN, journalOf(BEGUN, ...again, ...again))[0]).toMatchObject({
      enteredAt: "2026-11-23T12:00:01.000Z",
      doneAt: "2026-11-23T12:00:04.000Z",
    });
  });

  test("whom its gate passed over", () => {
    const passed: Line = { type: "gate-passed", data: { stage: "widen", waived: ["c-2"] } };
    const rows = stageTimes(PLAN, journalOf(BEGUN, passed));
    expect(rows.find(({ id }) => id === "widen")?.waived).toEqual(["c-2"]);
    expect(rows.find(({ id }) => id === "narrow")?.waived).toEqual([]);
  });

  test("only the plan in force counts", () => {
    const rows = stageTimes(PLAN, journalOf(BEGUN, entered("backup"), stageDone("backup"), BACK));
    expect(rows.filter((row) => row.enteredAt !== undefined || row.doneAt !== undefined)).toEqual([]);
  });
});

describe("what still trusts the old authority", () => {
  const remaining = (estate: Estate, plan = PLAN) =>
    remainingTrust(plan, estate, trustMatrix(estate, plan.epochs, { now: NOW, minReadySeconds: 30 }));
  const estate = (agent: Parameters<typeof clusterWith>[1]) => estateOf([clusterWith("c-1", agent)]);
  const KUBECONFIGS = "downloaded kubeconfigs";

  test.each([
    { name: "nobody but people, where the agent has started", from: estate(agentWith(PIN.target)), left: [] },
    {
      name: "an agent that straddles",
      from: estate(armedAgent(PIN.both, PIN.target)),
      left: ["c-1/cluster-agent"],
    },
    { name: "an agent of which nothing is known", from: estate(undefined), left: ["c-1/cluster-agent"] },
    {
      name: "a consumer that gates and cannot be moved",
      from: estateOf([withUnproved(clusterWith("c-1", agentWith(PIN.target)), "system-agent")]),
      left: ["c-1/system-agent"],
    },
  ])("$name", ({ from, left }) => {
    expect(remaining(from).map(({ target }) => target)).toEqual([...left, KUBECONFIGS]);
  });

  test("Rancher itself, while it serves a certificate that the final bundle drops", () => {
    const both = PLAN.epochs.find(({ name }) => name === "both")?.certificates ?? [];
    const from = estate(agentWith(PIN.target));
    const serving = { ...from, trust: { ...from.trust, certificates: both } };
    const said = remaining(serving).filter(({ target }) => target === "setting cacerts");
    expect(said.map(({ why }) => why).join("\n")).toMatch(/CN=Old Issuing/);
    expect(said.map(({ why }) => why).join("\n")).toMatch(/CN=Old Root/);
    expect(said).toHaveLength(2);
  });

  test("a renewal leaves kubeconfigs as they are", () => {
    expect(remaining(estate(agentWith(PIN.target)), { ...PLAN, procedure: "renew" })).toEqual([]);
  });
});
