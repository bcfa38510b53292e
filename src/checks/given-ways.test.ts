import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { NOW, offlineCluster } from "../../test/helpers/estate-builder.ts";
import type { Cluster, GivenReach, ReachFault } from "../estate/cluster.ts";
import { clusterConnection } from "./cluster-connection.ts";
import { givenWays } from "./given-ways.ts";
import { permissions } from "./permissions.ts";
import { token } from "./token.ts";

const PARIS = "cluster c-paris (paris)";
const at = NOW.toISOString();
const ALL = { patchAgent: "yes", deletePods: "yes", listPods: "yes" } as const;
let lab: CheckLab;
beforeAll(async () => {
  lab = await makeCheckLab();
});

const way = (state: GivenReach["state"]): GivenReach => ({ reach: "direct", called: "kubeconfig paris.yaml", state });
const answering = (may: Partial<Cluster["permissions"]> = {}) =>
  way({ kind: "answering", at, permissions: { ...ALL, ...may } });
const unusable = (fault: ReachFault) => way({ kind: "unusable", at, fault, why: `It is ${fault}.` });

describe("a way that the configuration names", () => {
  const rows: [string, GivenReach, string[]][] = [
    ["that would do", answering(), []],
    ["that may not patch", answering({ patchAgent: "no" }), ["warning reach.may-not"]],
    [
      "that is an authorized endpoint, and may not patch",
      { ...answering({ patchAgent: "no" }), reach: "endpoint" },
      ["warning reach.may-not"],
    ],
    ["that nobody could ask whether it may", answering({ patchAgent: "unknown" }), []],
    ["that has expired", unusable("expired"), ["warning reach.expired"]],
    ["that may read nothing", unusable("forbidden"), ["warning reach.forbidden"]],
    ["that does not answer", unusable("unreachable"), ["warning reach.unreachable"]],
    ["whose host key has changed", unusable("host-key"), ["error reach.host-key"]],
    ["that cannot be read", unusable("invalid"), ["error reach.invalid"]],
    ["that leads to another cluster", unusable("other-cluster"), ["error reach.other-cluster"]],
    ["that leads to who knows which", unusable("unproved"), ["error reach.unproved"]],
    ["that leads through Rancher", unusable("through-rancher"), ["error reach.through-rancher"]],
  ];
  it.each(rows)("%s", (_, given, expected) => {
    const found = givenWays(lab.withParis({ given: [given] }));
    expect(summaries(found)).toEqual(expected.map((one) => `${one} ${PARIS}`));
    for (const { sentence } of found) expect(sentence).toContain("kubeconfig paris.yaml");
  });
});

it("an authorized endpoint that nobody named forbids nothing, whatever is wrong with it", () => {
  for (const fault of ["invalid", "expired", "other-cluster"] as const) {
    const given: GivenReach = { ...unusable(fault), reach: "endpoint", called: "authorized cluster endpoint" };
    expect(summaries(givenWays(lab.withParis({ given: [given] })))).toEqual([`warning reach.endpoint ${PARIS}`]);
  }
});

describe("a cluster that is dealt with past Rancher", () => {
  const past = (): Partial<Cluster> => ({
    connected: { status: "False" },
    tunnel: offlineCluster("c-paris").tunnel,
    given: [answering({ deletePods: "no" })],
    reach: "direct",
    permissions: { ...ALL, deletePods: "no" },
  });

  it("is said to be disconnected, and what stands in", () => {
    const [found] = clusterConnection(lab.withParis(past()));
    expect(found?.code).toBe("cluster.disconnected");
    expect(found?.sentence).toMatch(/over its kubeconfig paris\.yaml\.$/);
  });

  it("has the permissions of its own account, not of the token's", () => {
    expect(permissions(lab.withParis(past()))).toEqual([]);
    expect(givenWays(lab.withParis(past()))[0]?.sentence).toMatch(/may not: delete pods cattle-system\.$/);
  });

  it("need not be seen by the token", () => {
    const blind = (input: ReturnType<CheckLab["input"]>) => {
      const access = { ...lab.estate.access, token: { valid: true, visibleClusters: ["c-lagos"] } };
      return token({ ...input, estate: { ...input.estate, access } });
    };
    expect(blind(lab.withParis(past()))).toEqual([]);
    const connected = { ...past(), connected: { status: "True" as const } };
    expect(summaries(blind(lab.withParis(connected)))).toEqual(["warning token.sees-no-session API token"]);
    expect(summaries(blind(lab.input()))).toEqual(["error token.blind API token"]);
  });
});
