import { describe, expect, test } from "vitest";
import {
  agentWith,
  clusterWith,
  localCluster,
  offlineCluster,
  runningPod,
  waitingPod,
  withUnproved,
} from "../../test/helpers/estate-builder.ts";
import type { AgentWorkload } from "../estate/agent.ts";
import type { Cluster, GivenReach } from "../estate/cluster.ts";
import {
  canStraddle,
  chooseMethod,
  needsReapplying,
  needsRedeploying,
  plannedClusterOf,
  underFlagDay,
} from "./methods.ts";

const agent = agentWith("a".repeat(64));
const may = (patchAgent: "yes" | "no" | "unknown"): Cluster =>
  clusterWith("c-1", agent, { permissions: { patchAgent, deletePods: "yes", listPods: "yes" } });

const at = "2026-11-23T12:00:00.000Z";
const away = { kind: "unreachable", at, why: "It is away." } as const;
/** A kubeconfig that answers, and a cluster that is reached over it or could be. */
const withKubeconfig = (change: Partial<Cluster>, patchAgent: "yes" | "no" = "yes"): Cluster => ({
  ...may("yes"),
  given: [
    {
      reach: "direct",
      called: "kubeconfig paris.yaml",
      state: { kind: "answering", at, permissions: { patchAgent, deletePods: "yes", listPods: "yes" } },
    },
  ],
  ...change,
});

const endpoint: GivenReach = {
  reach: "endpoint",
  called: "authorized cluster endpoint",
  state: { kind: "answering", at, permissions: { patchAgent: "yes", deletePods: "yes", listPods: "yes" } },
};
const node: GivenReach = { ...endpoint, reach: "ssh", called: "node n1 (SSH)" };

describe("how an agent gets its pins", () => {
  const rows: [string, Cluster, "patch" | "redeploy" | undefined, string, string, string][] = [
    ["patched by default", may("yes"), undefined, "patch", "rancher", "patched through Rancher"],
    ["patched where nobody could ask whether it may", may("unknown"), undefined, "patch", "rancher", "patched"],
    ["redeployed where patching is forbidden", may("no"), undefined, "redeploy", "rancher", "may not patch"],
    [
      "redeployed where only its node agents may not be patched",
      clusterWith("c-1", agent, {
        permissions: { patchAgent: "yes", deletePods: "yes", listPods: "yes", patchNodeAgents: "no" },
      }),
      undefined,
      "redeploy",
      "rancher",
      "This account may not patch the node agents' DaemonSets in it.",
    ],
    [
      "redeployed where patching is forbidden, whatever is asked for",
      may("no"),
      "patch",
      "redeploy",
      "rancher",
      "may not patch",
    ],
    ["redeployed on request", may("yes"), "redeploy", "redeploy", "rancher", "configuration asks"],
    ["later, where it does not answer", offlineCluster("c-1"), undefined, "patch", "none", "did not answer"],
    [
      "patched past a dead tunnel",
      withKubeconfig({ tunnel: away, reach: "direct" }),
      undefined,
      "patch",
      "direct",
      "over its kubeconfig paris.yaml: the tunnel does not answer (It is away).",
    ],
    [
      "patched past Rancher where its token may not",
      withKubeconfig({ reach: "direct" }),
      undefined,
      "patch",
      "direct",
      "this account may not patch",
    ],
    [
      "patched through Rancher, a kubeconfig at hand",
      withKubeconfig({}),
      undefined,
      "patch",
      "rancher",
      "Should its tunnel end, its kubeconfig paris.yaml",
    ],
    [
      "redeployed only through a tunnel",
      withKubeconfig({ tunnel: away, reach: "direct" }),
      "redeploy",
      "redeploy",
      "none",
      "needs Rancher's tunnel, which does not answer (It is away)",
    ],
    [
      "patched over an endpoint past a dead tunnel, where the kubeconfig does not do",
      {
        ...withKubeconfig({ tunnel: away, reach: "endpoint" }, "no"),
        given: [...withKubeconfig({}, "no").given, endpoint],
      },
      undefined,
      "patch",
      "endpoint",
      "over its authorized cluster endpoint: the tunnel does not answer (It is away), and its kubeconfig paris.yaml does not do (its account may not patch the agent).",
    ],
    [
      "patched through Rancher, the second of two stand-ins at hand",
      {
        ...may("yes"),
        given: [{ ...endpoint, state: { kind: "unusable", at, fault: "expired", why: "It refuses." } }, node],
      },
      undefined,
      "patch",
      "rancher",
      "Should its tunnel end, its node n1 (SSH) stands in: its authorized cluster endpoint does not do (It refuses).",
    ],
    [
      "patched once Rancher has brought back what its agent registers with",
      { ...may("yes"), missingCredentials: "cattle-credentials-1" },
      undefined,
      "patch",
      "rancher",
      "The Secret cattle-credentials-1 that its pods mount is missing, so that none can start: Rancher redeploys it first.",
    ],
    [
      "patched once what its agent registers with was made anew past Rancher",
      withKubeconfig({ tunnel: away, reach: "direct", missingCredentials: "cattle-credentials-1" }),
      undefined,
      "patch",
      "direct",
      "it is made anew from Rancher's registration manifest first, and Rancher redeploys the agent once its tunnel is up.",
    ],
    [
      "patched once it is made anew past Rancher",
      { ...withKubeconfig({ tunnel: away, reach: "direct" }), agent: undefined },
      undefined,
      "patch",
      "direct",
      "(It is away). Its Deployment is missing: it is made anew from Rancher's registration manifest first.",
    ],
    [
      "patched through Rancher where its agent is missing, which Rancher then brings back",
      { ...may("yes"), agent: undefined },
      undefined,
      "patch",
      "rancher",
      "Its agent can be patched through Rancher.",
    ],
    [
      "later, with the reason in brackets less its full stop, wherever else it has some",
      { ...offlineCluster("c-1"), tunnel: { ...away, why: "rancher.example.test: no route." } },
      undefined,
      "patch",
      "none",
      "(rancher.example.test: no route); it gets its steps",
    ],
    ["not at all in the management cluster", localCluster(), undefined, "none", "none", "management cluster"],
  ];
  test.each(rows)("%s", (_, cluster, wanted, method, reach, why) => {
    const choice = chooseMethod(cluster, wanted);
    expect([choice.method, choice.reach]).toEqual([method, reach]);
    expect(choice.why).toContain(why);
  });
});

describe("who is at risk", () => {
  const planned = (cluster: Cluster, acceptUnarmed = false) =>
    plannedClusterOf(cluster, { acceptUnarmed, nodeAgentsBefore: [], minReadySecondsBefore: 0 });
  test("nobody who is armed", () => {
    expect(planned(may("yes"))).not.toHaveProperty("risk");
    expect(planned(localCluster())).not.toHaveProperty("risk");
  });
  test("nobody who is armed past Rancher", () => {
    expect(planned(withKubeconfig({ tunnel: away, reach: "direct" }))).not.toHaveProperty("risk");
  });
  test("a kubeconfig that may not patch is no stand-in", () => {
    expect(planned(withKubeconfig({}, "no")).why).not.toContain("stands in");
  });
  test("everybody who is redeployed, does not answer, or passes unarmed", () => {
    for (const one of [planned(may("no")), planned(offlineCluster("c-1")), planned(may("yes"), true)]) {
      expect(one.risk).toContain("it is cut off");
    }
  });
  test("consumers that cannot be moved are named", () => {
    expect(planned(withUnproved(withUnproved(may("yes"), "system-agent"), "fleet-agent")).unproved).toEqual([
      "c-1/fleet-agent",
      "c-1/system-agent",
    ]);
  });
  test("everybody for a reason of their own", () => {
    expect(planned(may("no")).risk).toMatch(/, and Rancher can redeploy it only while it is connected\.$/);
    expect(planned(may("yes"), true).risk).toMatch(/, and its pin can be set only while it is connected\.$/);
    expect(planned(offlineCluster("c-1")).risk).toMatch(/, and its pin can be set only while it is connected\.$/);
  });
  test("a cluster is known by the UID of its kube-system, where that could be read", () => {
    expect(planned(may("yes"))).toMatchObject({ id: "c-1", name: "name-of-c-1", kubeSystemUid: "uid-c-1" });
    const { kubeSystemUid: _, ...unread } = may("yes");
    expect(planned(unread)).not.toHaveProperty("kubeSystemUid");
  });
  test("nobody accepts the management cluster as unarmed", () => {
    expect(planned(localCluster(), true).unarmedAccepted).toBe(false);
  });
});

describe("an agent can straddle", () => {
  const pin = "a".repeat(64);
  const pods = (...some: AgentWorkload["pods"]) => ({ agent: agentWith(pin, { replicas: some.length, pods: some }) });
  const [one, two] = [runningPod(pin, "one"), runningPod(pin, "two")];
  const rows: [string, Pick<Cluster, "agent">, boolean][] = [
    ["where every pod serves", pods(one, two), true],
    ["not where one of them waits", pods(one, waitingPod(pin)), false],
    ["not where one of them is going", pods(one, { ...two, deleting: true }), false],
    ["not where one of them was evicted", pods(one, { ...two, phase: "Failed" }), false],
    ["also where one more than is wanted waits", { agent: agentWith(pin, { pods: [one, waitingPod(pin)] }) }, true],
    ["also where none is wanted", { agent: agentWith(pin, { replicas: 0, pods: [] }) }, true],
    ["not where it is missing", {}, false],
  ];
  test.each(rows)("%s", (_, cluster, straddles) => {
    expect(canStraddle(cluster)).toBe(straddles);
  });
});

describe("an agent is redeployed by Rancher, to get back what it registers with,", () => {
  const lacking: Cluster = { ...may("yes"), missingCredentials: "x" };
  const rows: [string, Cluster, "patch" | "redeploy" | "none", "rancher" | "direct" | "none", boolean][] = [
    ["through the tunnel", lacking, "patch", "rancher", true],
    ["also where it is redeployed anyway", lacking, "redeploy", "rancher", true],
    ["not where it lacks nothing", may("yes"), "patch", "rancher", false],
    ["not past Rancher", lacking, "patch", "direct", false],
    ["not where nothing answers", lacking, "redeploy", "none", false],
    ["not where the agent itself is missing", { ...lacking, agent: undefined }, "patch", "rancher", false],
    ["not in the management cluster", lacking, "none", "rancher", false],
  ];
  test.each(rows)("%s", (_, cluster, method, reach, redeploys) => {
    expect(needsRedeploying(cluster, { method, reach })).toBe(redeploys);
  });

  test("and until then it cannot straddle, whatever its pods say", () => {
    expect(canStraddle(lacking)).toBe(false);
    expect(canStraddle(lacking, true)).toBe(true);
    expect(canStraddle({ ...lacking, agent: undefined }, true)).toBe(false);
  });
});

describe("an agent is made anew from the manifest", () => {
  const gone: Cluster = { ...may("yes"), agent: undefined };
  const rows: [string, Cluster, "patch" | "redeploy" | "none", "rancher" | "direct" | "ssh" | "none", boolean][] = [
    ["over a kubeconfig, where it is missing", gone, "patch", "direct", true],
    ["over SSH, where it is missing", gone, "patch", "ssh", true],
    ["not where Rancher's tunnel answers: Rancher brings it back", gone, "patch", "rancher", false],
    ["not where nothing answers", gone, "patch", "none", false],
    [
      "over a kubeconfig, where its credentials are",
      { ...may("yes"), missingCredentials: "x" },
      "patch",
      "direct",
      true,
    ],
    [
      "not through the tunnel, where Rancher does it",
      { ...may("yes"), missingCredentials: "x" },
      "patch",
      "rancher",
      false,
    ],
    ["not where it is to be redeployed", gone, "redeploy", "direct", false],
    ["not where it is there", may("yes"), "patch", "direct", false],
  ];
  test.each(rows)("%s", (_, cluster, method, reach, made) => {
    expect(needsReapplying(cluster, { method, reach })).toBe(made);
  });
});

describe("what a flag day costs a cluster", () => {
  const at = (cluster: Cluster, wanted?: "redeploy") =>
    underFlagDay(
      plannedClusterOf(cluster, {
        acceptUnarmed: false,
        nodeAgentsBefore: [],
        minReadySecondsBefore: 0,
        ...(wanted && { wanted }),
      }),
      cluster,
    ).risk;
  const sick = agentWith("a".repeat(64), { pods: [waitingPod("a".repeat(64))] });
  const rows: [string, string | undefined, RegExp | undefined][] = [
    ["nothing, the management cluster", at(localCluster()), undefined],
    [
      "a moment, where its agent straddles",
      at(may("yes")),
      /^It is cut off at the flag day for as long as its waiting/,
    ],
    [
      "until it gets its pin, where its agent is not well",
      at({ ...may("yes"), agent: sick }),
      /^Its agent is not well/,
    ],
    [
      "a moment, where Rancher brings back before what its agent registers with",
      at({ ...may("yes"), missingCredentials: "x" }),
      /^It is cut off at the flag day for as long as its waiting/,
    ],
    [
      "until it is made anew, where its agent is missing",
      at({ ...may("yes"), agent: undefined }),
      /^Its agent is missing/,
    ],
    [
      "its connection, where it may only be redeployed",
      at(may("no")),
      /^It is cut off from the flag day on: .*rescue-kit/,
    ],
    ["its connection, where nobody reaches it", at(offlineCluster("c-1")), /^It is cut off from the flag day until /],
  ];
  test.each(rows)("%s", (_, risk, says) => {
    if (says === undefined) expect(risk).toBeUndefined();
    else expect(risk).toMatch(says);
  });
});
