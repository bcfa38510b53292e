import { describe, expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/object.ts";
import { nodeAgentsOf } from "./node-agent-workload.ts";

const PIN = "a".repeat(64);
const container = (name: string, env: readonly object[]) => ({ name, image: "rancher/rancher-agent:v2.11.5", env });
const agent = container("agent", [
  { name: "CATTLE_NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
  { name: "CATTLE_CA_CHECKSUM", value: PIN },
]);

function daemonSet(name: string, containers: readonly object[], change: object = {}): KubeObject {
  return {
    metadata: { name, namespace: "cattle-system", uid: `uid-${name}`, resourceVersion: "7", generation: 3 },
    spec: {
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" } },
      template: { spec: { containers } },
    },
    status: { observedGeneration: 3, desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2 },
    ...change,
  };
}

function pod(name: string, owner: string, nodeName: string): KubeObject {
  return {
    metadata: { name, uid: `uid-${name}`, ownerReferences: [{ kind: "DaemonSet", uid: `uid-${owner}` }] },
    spec: { nodeName, containers: [agent] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  };
}

describe("node agents in a cluster's objects", () => {
  const sets = [
    daemonSet("kube-api-auth", [container("kube-api-auth", [])]),
    daemonSet("cattle-node-agent-windows", [agent]),
    daemonSet("cattle-node-agent", [container("side", []), agent]),
  ];
  const pods = [
    pod("linux-1", "cattle-node-agent", "node-1"),
    pod("windows-1", "cattle-node-agent-windows", "node-9"),
    pod("cluster-agent", "something-else", "node-1"),
  ];

  it("are the two DaemonSets that Rancher makes, each with its own pods", () => {
    expect(nodeAgentsOf(sets, pods)).toMatchObject([
      {
        kind: "node-agent",
        name: "cattle-node-agent",
        pods: [{ name: "linux-1", node: "node-1", pin: PIN, ready: true }],
      },
      { kind: "node-agent-windows", name: "cattle-node-agent-windows", pods: [{ name: "windows-1", node: "node-9" }] },
    ]);
  });

  it("say how they are updated, which container has the pin, and what their controller counts", () => {
    expect(nodeAgentsOf(sets, [])[0]).toEqual({
      kind: "node-agent",
      name: "cattle-node-agent",
      resourceVersion: "7",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" } },
      minReadySeconds: 0,
      settled: true,
      container: "agent",
      pin: PIN,
      desired: 2,
      updated: 1,
      available: 2,
      pods: [],
    });
  });

  it.each([
    {
      name: "are none without a pin in their environment",
      set: daemonSet("cattle-node-agent", [container("agent", [])]),
    },
    { name: "are none where the object is not a DaemonSet's", set: daemonSet("cattle-node-agent", [], { spec: {} }) },
  ])("$name", ({ set }) => {
    expect(nodeAgentsOf([set], pods)).toEqual([]);
  });

  it("are not settled while their controller has not seen the latest specification", () => {
    const [set] = nodeAgentsOf([daemonSet("cattle-node-agent", [agent], { status: { observedGeneration: 2 } })], []);
    expect(set).toMatchObject({ settled: false, desired: 0, available: 0 });
  });
});
