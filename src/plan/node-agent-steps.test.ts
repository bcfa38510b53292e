/** Which clusters get steps about their node agents, and what those put back. */
import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, localCluster, nodeAgents, offlineCluster } from "../../test/helpers/estate-builder.ts";
import { estateOf, overlapInput, overlapPlan, PIN, SEALED } from "../../test/helpers/plan-builder.ts";
import type { Cluster } from "../estate/cluster.ts";
import { assemblePlan } from "./assemble.ts";
import type { Plan } from "./plan.ts";
import { stageNamed } from "./reading.ts";

const MAY_NOT = { patchAgent: "no", deletePods: "no", listPods: "yes" } as const;
const withNodes = (id: string, change: Partial<Cluster> = {}) =>
  clusterWith(id, agentWith(PIN.current), { nodeAgents: [nodeAgents(PIN.current)], ...change });
const clusters: Cluster[] = [
  localCluster(),
  withNodes("c-1"),
  clusterWith("c-2", agentWith(PIN.current)),
  withNodes("c-3", { permissions: MAY_NOT }),
  { ...offlineCluster("c-4"), nodeAgents: [nodeAgents(PIN.current)] },
  withNodes("c-5", { nodeAgents: [] }),
];
const plan = overlapPlan(clusters);

/** Identities of the steps about node agents. */
const about = (of: Plan, stage: string): string[] =>
  stageNamed(of, stage)
    .waves.flatMap(({ steps }) => steps)
    .filter(({ kind }) => kind.endsWith("node-agents"))
    .map(({ id }) => id);

describe("node agents", () => {
  test("are armed where the account may patch, and there are some", () => {
    expect(about(plan, "arm@both")).toEqual(["c-1/arm-node-agents@both"]);
  });
  test("are rolled also where Rancher re-applies them", () => {
    expect(about(plan, "spread@both")).toEqual(["c-1/roll-node-agents@both", "c-3/roll-node-agents@both"]);
  });
  test("are put back as they were in the end", () => {
    expect(about(plan, "settle")).toEqual(["c-1/settle-node-agents", "c-3/settle-node-agents"]);
  });

  test("come behind the cluster agents, all at once, and one that is not well stops nobody", () => {
    const { waves } = stageNamed(overlapPlan([withNodes("c-1"), withNodes("c-2"), withNodes("c-3")]), "spread@both");
    const last = waves.at(-1);
    expect(last?.steps.map(({ id }) => id)).toEqual(["c-1", "c-2", "c-3"].map((id) => `${id}/roll-node-agents@both`));
    expect(last).toMatchObject({ id: "spread@both/nodes/once", canary: false, failureBudget: 3 });
    expect(waves.slice(0, -1).flatMap(({ steps }) => steps.map(({ kind }) => kind))).not.toContain("roll-node-agents");
  });

  test("are known as they were, strategy and minReadySeconds", () => {
    const strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "20%" } };
    const set = nodeAgents(PIN.current, { change: { updateStrategy: strategy, minReadySeconds: 4 } });
    const planned = overlapPlan([withNodes("c-1", { nodeAgents: [set] })]).clusters[0];
    expect(planned?.nodeAgentsBefore).toEqual([
      { name: "cattle-node-agent", updateStrategy: strategy, minReadySeconds: 4 },
    ]);
  });
});

describe("before anything else, node agents that pin another bundle than the served one", () => {
  const stagesOf = (...sets: NonNullable<Cluster["nodeAgents"]>) =>
    overlapPlan([withNodes("c-1", { nodeAgents: sets })]).stages.map(({ id }) => id);
  test("are brought to it, also where it is one DaemonSet of two", () => {
    const windows = nodeAgents(PIN.target, {
      change: { kind: "node-agent-windows", name: "cattle-node-agent-windows" },
    });
    expect(stagesOf(nodeAgents(PIN.current), windows)).toContain("spread@current");
  });
  test("are none where all pin that", () => {
    expect(stagesOf(nodeAgents(PIN.current))).not.toContain("spread@current");
  });
});

describe("on the way back", () => {
  const rowsOf = (type: string, before: string | undefined) => {
    const set = nodeAgents(PIN.current, { change: { updateStrategy: { type } } });
    const was = { name: "cattle-node-agent", updateStrategy: { type: before ?? "" }, minReadySeconds: 0 };
    const estate = estateOf([withNodes("c-1", { nodeAgents: [set] })]);
    const plan = assemblePlan({
      ...overlapInput(estate),
      direction: "rollback",
      goal: { bundle: estate.trust.written ?? "", chain: estate.serving.chain, sealed: SEALED },
      ...(before === undefined ? {} : { nodeAgentsBefore: { "c-1": [was] } }),
    });
    return plan.stages.flatMap(({ waves }) => waves.flatMap(({ steps }) => steps.map(({ id }) => id)));
  };
  test("node agents are settled where they are updated otherwise than before", () => {
    expect(rowsOf("OnDelete", "RollingUpdate")).toContain("c-1/settle-node-agents");
  });
  test("nothing is settled where they are updated as before, or nobody knows better", () => {
    expect(rowsOf("RollingUpdate", "RollingUpdate")).toEqual([
      "rotation/prove-decryption",
      "rotation/prove-trust@current",
    ]);
    expect(rowsOf("OnDelete", undefined)).toEqual(["rotation/prove-decryption", "rotation/prove-trust@current"]);
  });
});
