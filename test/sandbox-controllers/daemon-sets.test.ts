/** DaemonSets: one pod on each node. */
import { describe, expect, test } from "vitest";
import { REF } from "../../src/sandbox/controllers/workload.ts";
import { nodeAgentsOnNodes } from "../kubernetes/suite/node-agents.ts";
import { environment, inNamespace, NAMESPACE, TestCluster } from "./test-cluster.ts";

const nodes = [{ name: "node-1" }, { name: "node-2" }];

function daemonSet(updateStrategy: object) {
  const labels = { app: "node-agent" };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: "main", image: "pause", env: [{ name: "PIN", value: "a" }] }] },
  };
  const spec = { selector: { matchLabels: labels }, updateStrategy, template };
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "node-agent", namespace: NAMESPACE }, spec };
}

async function started(updateStrategy: object) {
  const cluster = await TestCluster.start({ nodes });
  await cluster.client.create(inNamespace(REF.daemonSets), daemonSet(updateStrategy));
  await cluster.untilPods("a ready pod on each node", (pods) => pods.filter((pod) => pod.ready).length === 2);
  return cluster;
}

function untilStatus(cluster: TestCluster, status: object) {
  const wanted = Object.entries(status).map(([name, value]) => `"${name}":${value}`);
  return cluster.until(inNamespace(REF.daemonSets), `status ${wanted}`, ([set]) =>
    wanted.every((each) => JSON.stringify(set?.status).includes(each)),
  );
}

describe("a DaemonSet", () => {
  test("runs one pod on each node and counts them", async () => {
    await using cluster = await started({ type: "RollingUpdate" });
    await untilStatus(cluster, { desiredNumberScheduled: 2, numberAvailable: 2, updatedNumberScheduled: 2 });
    expect((await cluster.pods()).map((pod) => pod.node).sort()).toEqual(["node-1", "node-2"]);
  });

  test("comes to a node that joins, and leaves one that is tainted", async () => {
    await using cluster = await started({ type: "RollingUpdate" });
    await cluster.client.create(REF.nodes, { apiVersion: "v1", kind: "Node", metadata: { name: "node-3" }, spec: {} });
    await cluster.untilPods("a pod on node-3", (pods) => pods.some((pod) => pod.node === "node-3" && pod.ready));
    const taints = [{ key: "dedicated", value: "x", effect: "NoExecute" }];
    await cluster.client.patch(REF.nodes, "node-1", { type: "merge", body: { spec: { taints } } });
    await cluster.untilPods("none on node-1", (pods) => pods.every((pod) => pod.node !== "node-1"));
    expect(await cluster.pods()).toHaveLength(2);
  });

  test("by RollingUpdate replaces the pods of all nodes, with one node missing at most", async () => {
    await using cluster = await started({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } });
    let fewest = 2;
    const ready = new Map<string, boolean>();
    const watch = cluster.client.watch(inNamespace(REF.pods), ({ type, object }) => {
      const isReady = JSON.stringify(object.status).includes('"type":"Ready","status":"True"');
      ready.set(object.metadata.name, type !== "DELETED" && isReady);
      if (ready.size >= 2) fewest = Math.min(fewest, [...ready.values()].filter(Boolean).length);
    });
    const body = { spec: environment({ PIN: "b" }) };
    await cluster.client.patch(inNamespace(REF.daemonSets), "node-agent", { type: "strategic", body });
    await cluster.untilPods(
      "two new pods",
      (pods) => pods.filter((pod) => pod.ready && pod.env.PIN === "b").length === 2,
    );
    watch.close();
    expect(fewest).toBe(1);
    await untilStatus(cluster, { updatedNumberScheduled: 2, numberAvailable: 2 });
  });

  test("by OnDelete arms without touching running pods: the next pod of a node has the new template", async () => {
    await using cluster = await started({ type: "OnDelete" });
    const before = await cluster.pods();
    const body = { spec: environment({ PIN: "b" }) };
    await cluster.client.patch(inNamespace(REF.daemonSets), "node-agent", { type: "strategic", body });
    await untilStatus(cluster, { observedGeneration: 2, desiredNumberScheduled: 2 });
    expect((await cluster.pods()).map((pod) => pod.uid).sort()).toEqual(before.map((pod) => pod.uid).sort());
    await cluster.deletePod(before[0]?.name ?? "");
    await cluster.untilPods("a new pod", (pods) => pods.some((pod) => pod.ready && pod.env.PIN === "b"));
    expect((await cluster.pods()).map((pod) => pod.env.PIN).sort()).toEqual(["a", "b"]);
  });
});

nodeAgentsOnNodes({ start: (options) => TestCluster.start({ ...options, nodes, speed: 50 }), minReadySeconds: 10 });
