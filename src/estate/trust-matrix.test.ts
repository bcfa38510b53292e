import { describe, expect, test } from "vitest";
import {
  agentWith,
  armedAgent,
  clusterWith,
  estateWith,
  NOW,
  offlineCluster,
  secondsBefore,
  withUnproved,
} from "../../test/helpers/estate-builder.ts";
import type { Cluster } from "./cluster.ts";
import type { EvidenceKind } from "./evidence.ts";
import { trustMatrix } from "./trust-matrix.ts";

const OLD = "a".repeat(64);
const NEXT = "b".repeat(64);
const EPOCHS = [
  { name: "current", pin: OLD },
  { name: "both", pin: NEXT },
];
const question = { now: NOW, minReadySeconds: 30 };

function rowOf(cluster: Cluster, kind: string, observedAt = NOW) {
  const estate = estateWith({ bundle: "", chain: "", clusters: [cluster], observedAt });
  return trustMatrix(estate, EPOCHS, question).find(({ consumer }) => consumer.kind === kind);
}

describe("a cell says the strongest thing that a consumer has shown about an epoch", () => {
  const rows: [string, Cluster, string, string[]][] = [
    ["a started agent", clusterWith("c-1", agentWith(OLD)), "cluster-agent", ["started", "none"]],
    ["an armed agent", clusterWith("c-1", armedAgent(OLD, NEXT)), "cluster-agent", ["none", "armed"]],
    [
      "an agent that was patched and no more",
      clusterWith("c-1", agentWith(NEXT, { settled: false })),
      "cluster-agent",
      ["none", "declared"],
    ],
    ["an agent that cannot be read", offlineCluster("c-1"), "cluster-agent", ["none", "none"]],
    [
      "a consumer that cannot be moved",
      withUnproved(clusterWith("c-1", agentWith(OLD)), "system-agent"),
      "system-agent",
      ["unproved", "unproved"],
    ],
    ["what people hold", clusterWith("c-1", agentWith(OLD)), "kubeconfig", ["unproved", "unproved"]],
  ];
  test.each(rows)("%s", (_, cluster, kind, states) => {
    expect(rowOf(cluster, kind)?.cells.map(({ state }) => state)).toEqual(states);
  });
});

test("evidence has the age of the observation", () => {
  const cells = rowOf(clusterWith("c-1", agentWith(OLD)), "cluster-agent", new Date(secondsBefore(90)))?.cells;
  expect(cells?.map(({ ageSeconds }) => ageSeconds)).toEqual([90, undefined]);
  expect(cells?.[0]?.evidence.map(({ kind }) => kind)).toEqual(["declared", "started"]);
});

test("what was concluded about an agent earlier gives way to what its workload shows now", () => {
  const cluster = clusterWith("c-1", agentWith(OLD));
  const evidence = [{ kind: "started" as const, pin: NEXT, at: secondsBefore(1), source: "earlier" }];
  const consumers = cluster.consumers.map((consumer) => ({ ...consumer, evidence }));
  expect(rowOf({ ...cluster, consumers }, "cluster-agent")?.cells.map(({ state }) => state)).toEqual([
    "started",
    "none",
  ]);
});

test("rows are sorted, one for each consumer", () => {
  const estate = estateWith({ bundle: "", chain: "", clusters: [offlineCluster("c-2"), offlineCluster("c-1")] });
  expect(trustMatrix(estate, EPOCHS, question).map(({ consumer }) => consumer.id)).toEqual([
    "c-1/cluster-agent",
    "c-1/kubeconfig",
    "c-2/cluster-agent",
    "c-2/kubeconfig",
  ]);
});

test("rows are sorted whatever the order of many clusters", () => {
  const ids = ["c-3", "c-1", "c-10", "c-2", "c-2"];
  const estate = estateWith({
    bundle: "",
    chain: "",
    clusters: ids.map((id) => ({ ...offlineCluster(id), name: id })),
  });
  const agents = trustMatrix(estate, EPOCHS, question).filter(({ consumer }) => consumer.kind === "cluster-agent");
  expect(agents.map(({ clusterName }) => clusterName)).toEqual(["c-1", "c-10", "c-2", "c-2", "c-3"]);
});

describe("evidence that was recorded", () => {
  const recorded = (kind: EvidenceKind, pin: string, seconds: number) => ({
    kind,
    pin,
    at: secondsBefore(seconds),
    source: "recorded",
  });
  const withEvidence = (cluster: Cluster, ...evidence: ReturnType<typeof recorded>[]): Cluster => ({
    ...cluster,
    consumers: cluster.consumers.map((consumer) => ({ ...consumer, evidence })),
  });

  test("counts for its own epoch alone", () => {
    const cluster = withUnproved(clusterWith("c-1", agentWith(OLD)), "fleet-agent");
    const cells = rowOf(withEvidence(cluster, recorded("reported", NEXT, 7)), "fleet-agent")?.cells;
    expect(cells?.map(({ evidence, ageSeconds }) => [evidence.length, ageSeconds])).toEqual([
      [0, undefined],
      [1, 7],
    ]);
  });

  test("of another kind stands beside what the agent's workload shows; its age is that of the newest", () => {
    const cluster = withEvidence(clusterWith("c-1", agentWith(OLD)), recorded("session", OLD, 40));
    const cell = rowOf(cluster, "cluster-agent", new Date(secondsBefore(90)))?.cells[0];
    expect(cell?.evidence.map(({ kind }) => kind)).toEqual(["declared", "started", "session"]);
    expect(cell).toMatchObject({ state: "started", ageSeconds: 40 });
  });

  test("of a kind that the workload shows by itself is never taken over", () => {
    const kinds = ["declared", "armed", "started"] as const;
    const cluster = withEvidence(offlineCluster("c-1"), ...kinds.map((kind) => recorded(kind, OLD, 1)));
    expect(rowOf(cluster, "cluster-agent")?.cells[0]).toMatchObject({ state: "none", evidence: [] });
  });

  test("has its age in whole seconds that have passed", () => {
    const cluster = withUnproved(clusterWith("c-1", agentWith(OLD)), "fleet-agent");
    const ageOf = (seconds: number) =>
      rowOf(withEvidence(cluster, recorded("reported", OLD, seconds)), "fleet-agent")?.cells[0]?.ageSeconds;
    expect([ageOf(0.999), ageOf(1), ageOf(59.5), ageOf(3600)]).toEqual([0, 1, 59, 3600]);
  });

  test("from a clock that is ahead is as young as can be", () => {
    const cluster = withEvidence(clusterWith("c-1", agentWith(OLD)), recorded("session", OLD, -30));
    expect(rowOf(cluster, "cluster-agent")?.cells[0]?.ageSeconds).toBe(0);
  });

  test("never makes a proof of what people hold", () => {
    const cluster = withEvidence(clusterWith("c-1", agentWith(OLD)), recorded("started", OLD, 1));
    expect(rowOf(cluster, "kubeconfig")?.cells.map(({ state }) => state)).toEqual(["unproved", "unproved"]);
  });
});
