import { describe, expect, test } from "vitest";
import {
  agentWith,
  armedAgent,
  clusterWith,
  localCluster,
  NOW,
  nodeAgents,
  offlineCluster,
  waitingPod,
} from "../../test/helpers/estate-builder.ts";
import {
  BOTH_BUNDLE,
  estateOf,
  overlapInput,
  overlapPlan,
  PIN,
  TARGET_BUNDLE,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import type { AgentWorkload } from "../estate/agent.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import type { NodeAgentSet } from "../estate/node-agent.ts";
import { assemblePlan } from "./assemble.ts";
import { lateSteps } from "./late-steps.ts";
import { stageNamed, stepsOf } from "./reading.ts";

const calm = (id: string) => clusterWith(id, agentWith(PIN.current));
const forbidden = { patchAgent: "no", deletePods: "no", listPods: "yes" } as const;
const plan = overlapPlan([
  localCluster(),
  calm("c-1"),
  clusterWith("c-redeployed", agentWith(PIN.current), { permissions: forbidden }),
  offlineCluster("c-offline"),
]);

function late(stage: string, estate: Estate, waived: string[] = []) {
  const waivers = waived.map((clusterId) => ({ clusterId, by: "ann", reason: "sold", until: "2027-01-01" }));
  const stageOf = stageNamed(plan, stage);
  return lateSteps({ plan, stage: stageOf, estate, waivers, now: NOW, minReadySecondsBefore: (id) => OWN[id] ?? 0 });
}
/** What agents had of their own before they were armed. */
const OWN: Readonly<Record<string, number>> = { "c-offline": 7 };
const withNodes = (agent: AgentWorkload, set: NodeAgentSet) => clusterWith("c-1", agent, { nodeAgents: [set] });
const nodeStepsOf = <Kind extends { readonly kind: string }>(steps: readonly Kind[]): Kind[] =>
  steps.filter(({ kind }) => kind === "settle-node-agents");
const ids = (steps: readonly { id: string }[]) => steps.map(({ id }) => id);
const widened = (...clusters: Cluster[]) => estateOf(clusters, { bundle: BOTH_BUNDLE });
const narrowed = (...clusters: Cluster[]) => estateOf(clusters, { bundle: TARGET_BUNDLE, chain: YOUNG.chain });

describe("before widen", () => {
  const rows: [string, Cluster, string[]][] = [
    ["an armed agent needs nothing", clusterWith("c-1", armedAgent(PIN.current, PIN.both)), []],
    ["an agent whose pin was put back is armed again", calm("c-1"), ["c-1/arm-agent@both"]],
    ["a cluster that was imported meanwhile is armed", calm("c-new"), ["c-new/arm-agent@both"]],
    ["a cluster that answers again is armed", calm("c-offline"), ["c-offline/arm-agent@both"]],
    ["a cluster that does not answer gets nothing", offlineCluster("c-offline"), []],
    [
      "an agent that was lost on the way is made anew, past Rancher",
      clusterWith("c-1", undefined, { reach: "direct" }),
      ["c-1/reapply-agent@current"],
    ],
    ["one that was lost, and that only its tunnel leads to, gets nothing", clusterWith("c-1", undefined), []],
    [
      "an agent whose credentials were lost gets them back before it is armed",
      clusterWith("c-1", agentWith(PIN.current), { reach: "ssh", missingCredentials: "cattle-credentials-1" }),
      ["c-1/reapply-agent@current"],
    ],
    [
      "through its tunnel by Rancher's redeploy",
      clusterWith("c-1", armedAgent(PIN.current, PIN.both), { missingCredentials: "cattle-credentials-1" }),
      ["c-1/redeploy-agent@current"],
    ],
    ["a cluster that is redeployed later is not armed", calm("c-redeployed"), []],
    [
      "one that came later and may not be patched is not armed",
      clusterWith("c-new", agentWith(PIN.current), { permissions: forbidden }),
      [],
    ],
    ["the management cluster has no agent", localCluster(), []],
    ["nor is one armed that an older Rancher left there", { ...calm("local"), local: true }, []],
    ["what was seen of a cluster that answers no more is not gone by", { ...calm("c-1"), reach: "none" }, []],
    ["an agent that is missing is not armed", clusterWith("c-1", undefined), []],
    [
      "node agents that came meanwhile, or whose pin was put back, are armed",
      withNodes(armedAgent(PIN.current, PIN.both), nodeAgents(PIN.current)),
      ["c-1/arm-node-agents@both"],
    ],
    [
      "node agents that are armed need nothing",
      withNodes(armedAgent(PIN.current, PIN.both), nodeAgents(PIN.current, { next: PIN.both })),
      [],
    ],
    [
      "node agents of a cluster that is redeployed later are not armed",
      clusterWith("c-redeployed", agentWith(PIN.current), { nodeAgents: [nodeAgents(PIN.current)] }),
      [],
    ],
  ];
  test.each(rows)("%s", (_, cluster, steps) => {
    expect(ids(late("widen", estateOf([cluster])))).toEqual(steps);
  });

  test("they come by cluster, in whatever order those were seen", () => {
    expect(ids(late("widen", estateOf([calm("c-3"), calm("c-1"), calm("c-2")])))).toEqual([
      "c-1/arm-agent@both",
      "c-2/arm-agent@both",
      "c-3/arm-agent@both",
    ]);
  });

  test("nobody is armed any more once everybody is served the bundle", () => {
    expect(late("widen", widened(calm("c-1")))).toEqual([]);
  });

  test("a waived cluster is left alone", () => {
    expect(late("widen", estateOf([calm("c-1")]), ["c-1"])).toEqual([]);
  });

  test("made anew past Rancher, an agent gets what it registers with by the name that its pods mount", () => {
    const lacking = clusterWith("c-1", agentWith(PIN.current), {
      reach: "direct",
      missingCredentials: "own-credentials",
    });
    const [step] = late("widen", estateOf([lacking]));
    expect(step?.id).toBe("c-1/reapply-agent@current");
    expect(JSON.stringify(step)).toContain("own-credentials");
  });

  test("nothing is made anew while replicas of Rancher serve different bundles", () => {
    const gone = clusterWith("c-1", undefined, { reach: "direct" });
    const served = [estateOf([]).trust.stored, BOTH_BUNDLE.trim()];
    expect(late("widen", estateOf([gone], { served }))).toEqual([]);
  });

  test("a step that was planned is opened again exactly as it was planned", () => {
    const planned = stepsOf(stageNamed(plan, "arm@both")).find(({ target }) => target === "c-1");
    expect(late("widen", estateOf([calm("c-1")]))).toEqual([planned]);
  });
});

describe("before the flag day", () => {
  const flagDay = assemblePlan(
    overlapInput(estateOf([calm("c-1"), offlineCluster("c-offline")], { chain: YOUNG.chain }), { replace: true }),
  );
  const sick = agentWith(PIN.current, { pods: [waitingPod(PIN.current)] });
  const rows: [string, Cluster, string[]][] = [
    ["an armed agent needs nothing", clusterWith("c-1", armedAgent(PIN.current, PIN.target)), []],
    ["a cluster that was imported meanwhile is armed", calm("c-new"), ["c-new/arm-agent@target"]],
    ["a cluster that answers again is armed", calm("c-offline"), ["c-offline/arm-agent@target"]],
    ["an agent without a pod that serves could not straddle", clusterWith("c-offline", sick), []],
  ];
  test.each(rows)("%s", (_, cluster, steps) => {
    const estate = estateOf([cluster], { chain: YOUNG.chain });
    const question = { waivers: [], now: NOW, minReadySecondsBefore: () => 0 };
    expect(ids(lateSteps({ ...question, plan: flagDay, stage: stageNamed(flagDay, "replace"), estate }))).toEqual(
      steps,
    );
  });

  test("what an agent registers with is brought back by nobody once only its pin is waited for", () => {
    const lacking = clusterWith("c-1", agentWith(PIN.current), { missingCredentials: "cattle-credentials-1" });
    const missing = clusterWith("c-offline", undefined, { reach: "direct" });
    const estate = estateOf([lacking, missing], { chain: YOUNG.chain });
    const question = { waivers: [], now: NOW, minReadySecondsBefore: () => 0 };
    expect(lateSteps({ ...question, plan: flagDay, stage: stageNamed(flagDay, "replace"), estate })).toEqual([]);
  });

  test("nobody is armed any more once it was", () => {
    const estate = estateOf([calm("c-new")], { bundle: TARGET_BUNDLE, chain: YOUNG.chain });
    const question = { waivers: [], now: NOW, minReadySecondsBefore: () => 0 };
    expect(lateSteps({ ...question, plan: flagDay, stage: stageNamed(flagDay, "replace"), estate })).toEqual([]);
  });
});

describe("before the switch", () => {
  const rows: [string, Cluster, string[]][] = [
    ["a started agent needs nothing", clusterWith("c-1", agentWith(PIN.both)), []],
    ["an agent that is still on the old bundle is moved", calm("c-1"), ["c-1/roll-agent@both"]],
    [
      "a cluster that was armed late is moved",
      clusterWith("c-new", armedAgent(PIN.current, PIN.both)),
      ["c-new/roll-agent@both"],
    ],
    ["one that may not be patched is redeployed", calm("c-redeployed"), ["c-redeployed/redeploy-agent@both"]],
    [
      "one that was redeployed and is not up yet is waited for",
      clusterWith("c-redeployed", agentWith(PIN.both), { connected: { status: "False" } }),
      ["c-redeployed/roll-agent@both"],
    ],
  ];
  test.each(rows)("%s", (_, cluster, steps) => {
    expect(ids(late("switch", widened(cluster)))).toEqual(steps);
  });

  test("no agent is moved to a bundle that is not served everywhere", () => {
    expect(late("switch", estateOf([calm("c-1")]))).toEqual([]);
  });
});

describe("when settling", () => {
  const settling = (id: string) => clusterWith(id, agentWith(PIN.target, { minReadySeconds: 30 }));
  test("clusters that the plan's own steps do not settle are settled too", () => {
    expect(ids(late("settle", narrowed(settling("c-1"), settling("c-new"), settling("c-offline"))))).toEqual([
      "c-new/settle-agent",
      "c-offline/settle-agent",
    ]);
  });
  test("an agent gets back what it had of its own, also one that the plan could not see", () => {
    const [step] = late("settle", narrowed(settling("c-offline")));
    expect(step?.says).toContain("back to 7");
    expect(step?.manual.commands.join("\n")).toContain('{"spec":{"minReadySeconds":7}}');
  });
  test("an agent is settled although its node agents are, and node agents although their agent is", () => {
    const armedSet = nodeAgents(PIN.target, { change: { updateStrategy: { type: "OnDelete" } } });
    const both = { ...settling("c-1"), nodeAgents: [armedSet] };
    expect(ids(late("settle", narrowed(both)))).toEqual(["c-1/settle-node-agents"]);
    const withNodesPlanned = overlapPlan([withNodes(agentWith(PIN.current), nodeAgents(PIN.current))]);
    const lone = stageNamed(withNodesPlanned, "settle");
    const onlyNodes = { ...lone, waves: lone.waves.map((wave) => ({ ...wave, steps: nodeStepsOf(wave.steps) })) };
    const question = { waivers: [], now: NOW, minReadySecondsBefore: () => 0 };
    const asked = { ...question, plan: withNodesPlanned, stage: onlyNodes, estate: narrowed(both) };
    expect(ids(lateSteps(asked))).toEqual(["c-1/settle-agent"]);
  });
  test("node agents that are updated as they were are left alone", () => {
    expect(late("settle", narrowed(withNodes(agentWith(PIN.target), nodeAgents(PIN.target))))).toEqual([]);
  });
  test("an agent that had the same before is left alone", () => {
    const question = { waivers: [], now: NOW, minReadySecondsBefore: () => 30 };
    const estate = narrowed(settling("c-new"));
    expect(lateSteps({ ...question, plan, stage: stageNamed(plan, "settle"), estate })).toEqual([]);
  });
  test("an agent whose minReadySeconds is somebody's own is left alone", () => {
    expect(late("settle", narrowed(clusterWith("c-new", agentWith(PIN.target, { minReadySeconds: 7 }))))).toEqual([]);
  });
});

test("stages whose gate asks for no cluster get no late steps", () => {
  expect(late("arm@both", estateOf([calm("c-new")]))).toEqual([]);
  expect(late("spread@both", widened(calm("c-new")))).toEqual([]);
});

describe("node agents that are late", () => {
  const started = agentWith(PIN.both, { minReadySeconds: 30 });
  const rows: [string, string, Cluster, string[]][] = [
    [
      "are restarted before the switch",
      "switch",
      withNodes(started, nodeAgents(PIN.current)),
      ["c-1/roll-node-agents@both"],
    ],
    ["need nothing once they have started", "switch", withNodes(started, nodeAgents(PIN.both)), []],
    [
      "are settled where no step of the plan does it",
      "settle",
      withNodes(agentWith(PIN.both), nodeAgents(PIN.both, { change: { updateStrategy: { type: "OnDelete" } } })),
      ["c-1/settle-node-agents"],
    ],
  ];
  test.each(rows)("%s", (_, stage, cluster, steps) => {
    expect(ids(late(stage, widened(cluster)))).toEqual(steps);
  });
});
