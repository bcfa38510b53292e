import { describe, expect, test } from "vitest";
import {
  agentWith,
  armedAgent,
  clusterWith,
  localCluster,
  NOW,
  offlineCluster,
  waitingPod,
} from "../../../test/helpers/estate-builder.ts";
import {
  estateOf,
  overlapInput,
  overlapPlan,
  PIN,
  PUBLIC,
  publicEstate,
  YOUNG,
} from "../../../test/helpers/plan-builder.ts";
import type { AgentPod, AgentWorkload } from "../../estate/agent.ts";
import type { Cluster } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import { assemblePlan } from "../assemble.ts";
import type { Plan } from "../plan.ts";
import { epochNamed, stepsOf } from "../reading.ts";
import { armedHolds, preparedHolds, sessionHolds } from "./agent-holds.ts";

const CURRENT = clusterWith("c-1", agentWith(PIN.current));
const KUBECONFIG: Cluster["given"][number] = {
  reach: "direct",
  called: "kubeconfig c-3.yaml",
  state: {
    kind: "answering",
    at: NOW.toISOString(),
    permissions: { patchAgent: "yes", deletePods: "yes", listPods: "yes" },
  },
};
const plan = overlapPlan([localCluster(), CURRENT]);

function question(cluster: Cluster, epoch: "both" | "target", of: Plan = plan, gaps: Estate["gaps"] = []) {
  const estate = { ...estateOf([cluster]), gaps };
  return { plan: of, estate, cluster, epoch: epochNamed(of, epoch), now: NOW };
}
const armed = (change: Partial<AgentWorkload> = {}) => armedAgent(PIN.current, PIN.both, change);

describe("before the next bundle is served", () => {
  test("an agent that was never armed is told to be armed, and nothing about a redeploy", () => {
    expect(armedHolds(question(CURRENT, "both"))).toEqual([
      {
        target: "c-1/cluster-agent",
        why: "The agent of name-of-c-1 (c-1): its Deployment does not carry the next pin.",
        hint: "Arm it; if it was armed before, Rancher has applied its own manifest since.",
      },
    ]);
  });

  test("everything that is wrong with an agent is told at once", () => {
    const agent = armed({ paused: true, minReadySeconds: 5 });
    expect(armedHolds(question(clusterWith("c-1", agent), "both"))).toEqual([
      {
        target: "c-1/cluster-agent",
        why: "The agent of name-of-c-1 (c-1): the rollout of its Deployment is paused; its minReadySeconds is 5, so that a crashing new pod would end the old one.",
        hint: "Find out who paused it, then kubectl rollout resume.",
      },
    ]);
  });

  test("an agent that was seen once holds where its cluster does not answer now", () => {
    const { tunnel, reach } = offlineCluster("c-1");
    const [hold, ...others] = armedHolds(question(clusterWith("c-1", armed(), { tunnel, reach }), "both"));
    expect(others).toEqual([]);
    expect(hold?.why).toBe(
      "The agent of name-of-c-1 (c-1) cannot be looked at: its API does not answer (Cluster agent is not connected).",
    );
    expect(hold?.hint).toMatch(/farrier rescue-kit c-1 .* farrier waive ROTATION c-1 /);
  });

  test("a pod with a strange pin holds while it may start again, and not once it is going", () => {
    const strange = waitingPod("c".repeat(64), "strange");
    const beside = (pod: AgentPod) => clusterWith("c-1", armed({ pods: [...armed().pods, pod] }));
    expect(armedHolds(question(beside({ ...strange, deleting: true }), "both"))).toEqual([]);
    expect(armedHolds(question(beside(strange), "both"))).toEqual([
      {
        target: "c-1/cluster-agent",
        why: "The agent of name-of-c-1 (c-1): pod strange pins a bundle that is not served.",
        hint: "Let it settle on the bundle that is served (set that pin, wait for its pods), then arm it.",
      },
    ]);
  });

  test("what could not be looked at is told by what it is, and only of its own cluster", () => {
    const gaps = [
      { target: "cluster c-1: daemonsets", why: "daemonsets is forbidden" },
      { target: "cluster c-10: daemonsets", why: "daemonsets is forbidden" },
      { target: "setting cacerts", why: "it is forbidden" },
    ];
    expect(armedHolds(question(clusterWith("c-1", armed()), "both", plan, gaps))).toEqual([
      {
        target: "c-1/daemonsets",
        why: "In name-of-c-1 (c-1), daemonsets could not be looked at: daemonsets is forbidden",
        hint: expect.stringContaining("farrier waive ROTATION c-1 "),
      },
    ]);
  });
});

describe("before the first bundle is served, where Rancher serves none", () => {
  const toPrivate = assemblePlan(
    overlapInput(publicEstate([clusterWith("c-1", agentWith(""))]), { publicRoots: PUBLIC.rootPem }),
  );

  test("an agent that runs without a pin need not be armed: it starts whatever is served", () => {
    expect(armedHolds(question(clusterWith("c-1", agentWith("")), "both", toPrivate))).toEqual([]);
  });

  test("one that does not run so holds", () => {
    const ailing = agentWith("", { pods: [waitingPod("")], readyReplicas: 0, availableReplicas: 0 });
    expect(armedHolds(question(clusterWith("c-1", ailing), "both", toPrivate))).toHaveLength(1);
  });
});

describe("before a flag day", () => {
  const redeployed = clusterWith("c-2", agentWith(PIN.current));
  const flagDay = assemblePlan(
    overlapInput(estateOf([CURRENT, redeployed], { chain: YOUNG.chain }), {
      replace: true,
      options: { methods: { "c-2": "redeploy" } },
    }),
  );

  test("who is to be armed holds until then", () => {
    expect(preparedHolds(question(CURRENT, "target", flagDay))).toHaveLength(1);
    const ready = clusterWith("c-1", armedAgent(PIN.current, PIN.target));
    expect(preparedHolds(question(ready, "target", flagDay))).toEqual([]);
  });

  test("who was armed and lost its tunnel is told to come back by the flag day itself, and not to be waited for", () => {
    const { tunnel, reach } = offlineCluster("c-1");
    const lost = clusterWith("c-1", armedAgent(PIN.current, PIN.target), { tunnel, reach });
    const [hold, ...others] = preparedHolds(question(lost, "target", flagDay));
    expect(others).toEqual([]);
    expect(hold?.why).toContain("cannot be looked at: its API does not answer");
    expect(hold?.hint).toMatch(/Armed, it does so by itself after the flag day; .* leave it behind now: farrier waive/);
    expect(hold?.hint).not.toContain("Bring the cluster back");
  });

  test("who is made anew afterwards holds nothing", () => {
    const missing = clusterWith("c-3", undefined, { reach: "direct", given: [KUBECONFIG] });
    const withMissing = assemblePlan(
      overlapInput(estateOf([CURRENT, missing], { chain: YOUNG.chain }), { replace: true }),
    );
    const steps = withMissing.stages.flatMap(stepsOf).filter(({ target }) => target === "c-3");
    expect(steps.map(({ kind }) => kind)).toContain("reapply-agent");
    expect(preparedHolds(question(missing, "target", withMissing))).toEqual([]);
  });

  test("who is only redeployed afterwards is cut off by it, as the plan says, and holds nothing", () => {
    expect(preparedHolds(question(redeployed, "target", flagDay))).toEqual([]);
  });
});

describe("after the certificate was changed", () => {
  const NOT_SINCE = "name-of-c-1 (c-1) has not connected since the certificate was changed.";
  const NOT_SEEN = "That name-of-c-1 (c-1) has connected since the certificate was changed could not be seen: ";
  const refused = (answered: { readonly answered?: true }): Pick<Cluster, "tunnel"> => ({
    tunnel: { kind: "unreachable", at: "2026-06-01T00:00:00Z", why: "Rancher says no.", ...answered },
  });
  const rows: { readonly name: string; readonly change: Partial<Cluster>; readonly why?: string }[] = [
    { name: "is connected, and its API answers", change: {} },
    { name: "is connected, and whose API refuses the token", change: refused({ answered: true }) },
    {
      name: "is connected, and of which Rancher says nothing",
      change: refused({}),
      why: `${NOT_SEEN}Rancher says no.`,
    },
    { name: "is not connected", change: { connected: { status: "False" } }, why: NOT_SINCE },
    { name: "is away altogether", change: offlineCluster("c-1"), why: NOT_SINCE },
    { name: "is not known to be connected", change: { connected: { status: "Unknown" } }, why: NOT_SINCE },
    {
      name: "is said to be connected, and its API does not answer",
      change: { tunnel: offlineCluster("c-1").tunnel },
      why: `${NOT_SEEN}Cluster agent is not connected`,
    },
  ];
  test.each(rows)("a cluster that $name", ({ change, why }) => {
    const found = sessionHolds(question(clusterWith("c-1", agentWith(PIN.both), change), "target"));
    const hint = expect.stringContaining("a rollback presents the earlier certificate with one write");
    expect(found).toEqual(why === undefined ? [] : [{ target: "c-1/cluster-agent", why, hint }]);
  });

  test("the management cluster has no agent that could connect", () => {
    const { connected: _, ...local } = localCluster();
    expect(sessionHolds(question({ ...local, tunnel: offlineCluster("local").tunnel }, "target"))).toEqual([]);
  });
});
