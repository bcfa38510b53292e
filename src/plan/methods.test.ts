import { describe, expect, test } from "vitest";
import {
  agentWith,
  clusterWith,
  localCluster,
  offlineCluster,
  withUnproved,
} from "../../test/helpers/estate-builder.ts";
import type { Cluster } from "../estate/cluster.ts";
import { chooseMethod, plannedClusterOf } from "./methods.ts";

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

describe("how an agent gets its pins", () => {
  const rows: [string, Cluster, "patch" | "redeploy" | undefined, string, string, string][] = [
    ["patched by default", may("yes"), undefined, "patch", "rancher", "patched through Rancher"],
    ["patched where nobody could ask whether it may", may("unknown"), undefined, "patch", "rancher", "patched"],
    ["redeployed where patching is forbidden", may("no"), undefined, "redeploy", "rancher", "may not patch"],
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
    plannedClusterOf(cluster, { acceptUnarmed, minReadySecondsBefore: 0 });
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
  test("nobody accepts the management cluster as unarmed", () => {
    expect(planned(localCluster(), true).unarmedAccepted).toBe(false);
  });
});
