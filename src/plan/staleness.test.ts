import { describe, expect, test } from "vitest";
import { agentWith, armedAgent, clusterWith, localCluster, offlineCluster } from "../../test/helpers/estate-builder.ts";
import { BOTH_BUNDLE, estateOf, overlapPlan, PIN, YOUNG } from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { belongsTo, describeDifferences, staleness } from "./staleness.ts";

const clusters = [
  localCluster(),
  clusterWith("c-1", agentWith(PIN.current)),
  clusterWith("c-2", agentWith(PIN.current)),
];
const plan = overlapPlan(clusters);
const calm = estateOf(clusters);

test("a plan fits the estate that it was made from", () => {
  expect(staleness(plan, calm)).toEqual([]);
});

describe("a plan is stale when", () => {
  const withThird = (third: Estate["clusters"][number]) => estateOf([...clusters.slice(0, 2), third]);
  const refused = { patchAgent: "no", deletePods: "no", listPods: "yes" } as const;
  const rows: [string, Estate, string][] = [
    [
      "it is another management cluster",
      { ...calm, identity: { ...calm.identity, kubeSystemUid: "other" } },
      "management cluster",
    ],
    [
      "Rancher has another address",
      { ...calm, identity: { ...calm.identity, serverUrl: "https://other.test" } },
      "server URL",
    ],
    ["another bundle is served", estateOf(clusters, { bundle: BOTH_BUNDLE }), "pin of the served bundle"],
    ["another certificate is in place", estateOf(clusters, { chain: YOUNG.chain }), "certificate (SHA-256)"],
    [
      "Rancher was upgraded",
      { ...calm, installation: { ...calm.installation, version: "v2.16.0" } },
      "Rancher's version",
    ],
    ["a cluster came", estateOf([...clusters, clusterWith("c-3", agentWith(PIN.current))]), "cluster c-3"],
    ["a cluster went", estateOf(clusters.slice(0, 2)), "cluster c-2"],
    [
      "an agent has another pin",
      withThird(clusterWith("c-2", armedAgent(PIN.current, PIN.both))),
      "pin of cluster c-2",
    ],
    [
      "patching is no longer permitted",
      withThird(clusterWith("c-2", agentWith(PIN.current), { permissions: refused })),
      "method of cluster c-2",
    ],
  ];
  test.each(rows)("%s", (_, estate, what) => {
    const differences = staleness(plan, estate);
    const named = differences.map(({ what, cluster }) => (cluster === undefined ? what : `${what} ${cluster}`));
    expect(named.map((name) => name.slice(0, what.length))).toEqual([what]);
    expect(differences[0]?.planned).not.toBe(differences[0]?.found);
  });
});

test("a cluster that is away for a moment makes no plan stale", () => {
  expect(staleness(plan, estateOf([...clusters.slice(0, 2), offlineCluster("c-2")]))).toEqual([]);
});

test("a plan belongs to one management cluster and one address", () => {
  expect(belongsTo(plan, calm.identity)).toBe(true);
  expect(belongsTo(plan, { ...calm.identity, kubeSystemUid: "other" })).toBe(false);
  expect(belongsTo(plan, { ...calm.identity, serverUrl: "https://other.test" })).toBe(false);
});

describe("the differences in a sentence", () => {
  const [now, then] = ["a", "b"].map((digit) => digit.repeat(64));
  const pins = (...ids: string[]) =>
    ids.map((cluster) => ({ what: "pin of cluster", planned: now ?? "", found: then ?? "", cluster }));
  const rows: [string, Parameters<typeof describeDifferences>[0], string][] = [
    [
      "of Rancher itself",
      [{ what: "Rancher's version", planned: "v1", found: "v2" }],
      "Rancher's version: planned v1, found v2",
    ],
    [
      "the whole pin that Rancher serves",
      [{ what: "pin of the served bundle", planned: now ?? "", found: "" }],
      `pin of the served bundle: planned ${now}, found `,
    ],
    ["of one cluster", pins("c-1"), "pin of cluster c-1: planned aaaaaaaaaaaa, found bbbbbbbbbbbb"],
    ["of two", pins("c-1", "c-2"), "pin of clusters c-1 and c-2: planned aaaaaaaaaaaa, found bbbbbbbbbbbb"],
    [
      "of many that have it in common, and one that has not",
      [
        ...pins("c-1", "c-2", "c-3", "c-4", "c-5"),
        { what: "cluster", planned: "there", found: "gone", cluster: "c-6" },
      ],
      "pin of clusters c-1, c-2, c-3 and 2 more: planned aaaaaaaaaaaa, found bbbbbbbbbbbb; cluster c-6: planned there, found gone",
    ],
  ];
  test.each(rows)("%s", (_, differences, said) => {
    expect(describeDifferences(differences)).toBe(said);
  });
});
