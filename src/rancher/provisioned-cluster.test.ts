import { describe, expect, test } from "vitest";
import { readProvisionedCluster, requestBody, requestState, snapshotReport } from "./provisioned-cluster.ts";

const clusterWith = (spec: object) => ({
  apiVersion: "provisioning.cattle.io/v1",
  kind: "Cluster",
  metadata: { name: "upstream", namespace: "fleet-default", resourceVersion: "17" },
  spec,
  status: { clusterName: "c-m-abcdefgh" },
});

describe("the next snapshot is asked for", () => {
  const rows: [string, object, number][] = [
    ["where nobody has asked yet", { rkeConfig: {} }, 1],
    ["where the field is null", { rkeConfig: { etcdSnapshotCreate: null } }, 1],
    ["where it is empty", { rkeConfig: { etcdSnapshotCreate: {} } }, 1],
    ["after the last", { rkeConfig: { etcdSnapshotCreate: { generation: 4 } } }, 5],
  ];
  test.each(rows)("%s, of the object as it was read", (_, spec, generation) => {
    const found = readProvisionedCluster(clusterWith(spec));
    expect(found && requestBody(found)).toEqual({
      metadata: { resourceVersion: "17" },
      spec: { rkeConfig: { etcdSnapshotCreate: { generation } } },
    });
  });

  test.each([
    ["was imported", {}],
    ["has null for it", { rkeConfig: null }],
  ])("and not of a cluster that %s", (_, spec) => {
    expect(readProvisionedCluster(clusterWith(spec))).toBeUndefined();
  });
});

describe("how far the request is", () => {
  const controlPlane = (status: object) => ({
    apiVersion: "rke.cattle.io/v1",
    kind: "RKEControlPlane",
    metadata: { name: "upstream" },
    status,
  });
  const at = (etcdSnapshotCreatePhase: string, generation = 5) =>
    controlPlane({ etcdSnapshotCreate: { generation }, etcdSnapshotCreatePhase });
  const rows: [string, Parameters<typeof requestState>[0], string][] = [
    ["there is no control plane", undefined, "waiting"],
    ["it has no status", { ...at("Finished"), status: undefined }, "waiting"],
    ["the last one is done, and not this one", at("Finished", 4), "waiting"],
    ["the last one failed, and not this one", at("Failed", 4), "waiting"],
    ["it is begun", at("Started"), "waiting"],
    ["the nodes start anew", at("RestartCluster"), "waiting"],
    ["it is done", at("Finished"), "finished"],
    ["it has failed", at("Failed"), "failed"],
  ];
  test.each(rows)("%s", (_, object, kind) => {
    expect(requestState(object, 5).kind).toBe(kind);
  });
});

describe("what the nodes have", () => {
  const file = (uid: string, nodeName: string, more: object = {}) => ({
    apiVersion: "rke.cattle.io/v1",
    kind: "ETCDSnapshot",
    metadata: { name: uid, uid },
    snapshotFile: {
      name: `on-demand-${nodeName}-${uid}`,
      nodeName,
      location: `file:///snapshots/${uid}`,
      size: 4096,
      status: "successful",
      ...more,
    },
  });
  const failed = { size: 0, status: "failed", message: "no space left on device" };
  const nodes = ["node-1", "node-2"];
  const rows: [string, readonly ReturnType<typeof file>[], readonly string[], readonly string[]][] = [
    ["both have one", [file("a", "node-1"), file("b", "node-2")], [], []],
    ["one has none", [file("a", "node-1")], ["node-2"], []],
    ["one was there before", [file("a", "node-1"), file("old", "node-2")], ["node-2"], []],
    [
      "one has a copy in S3 only",
      [file("a", "node-1"), file("b", "node-2", { s3: { bucket: "snapshots" } })],
      ["node-2"],
      [],
    ],
    ["one is of no node of ours", [file("a", "node-1"), file("b", "node-3")], ["node-2"], []],
    [
      "one came to nothing",
      [file("a", "node-1"), file("b", "node-2", failed)],
      ["node-2"],
      ["node-2: no space left on device"],
    ],
    ["one is empty", [file("a", "node-1"), file("b", "node-2", { size: 0 })], ["node-2"], ["node-2: successful"]],
    [
      "one has no status yet",
      [file("a", "node-1"), file("b", "node-2", { status: "" })],
      ["node-2"],
      ["node-2: an empty file"],
    ],
    ["one came to nothing first", [file("a", "node-1"), file("b", "node-2", failed), file("c", "node-2")], [], []],
  ];
  test.each(rows)("%s", (_, objects, missing, complaints) => {
    const report = snapshotReport(objects, { nodes, known: ["old"] });
    expect([report.missing, report.complaints]).toEqual([missing, complaints]);
    expect(report.made.map(({ node }) => node)).toEqual(nodes.filter((node) => !missing.includes(node)));
  });

  test("of two, the later", () => {
    const report = snapshotReport([file("a", "node-1"), file("b", "node-1")], { nodes: ["node-1"], known: [] });
    expect(report.made).toEqual([
      { node: "node-1", name: "on-demand-node-1-b", location: "file:///snapshots/b", bytes: 4096 },
    ]);
  });
});
