import { describe, expect, test } from "vitest";
import { type ClusterNode, readNode } from "../workload.ts";
import { place } from "./placement.ts";

interface Traits {
  readonly spec?: object;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
}

function node(name: string, { spec = {}, pods = "110", labels = {} }: Traits = {}): ClusterNode {
  const metadata = { name, uid: name, labels };
  const read = readNode({ apiVersion: "v1", kind: "Node", metadata, spec, status: { allocatable: { pods } } });
  if (!read) throw new Error("the node of this test is malformed");
  return read;
}

const taint = { key: "node-role.kubernetes.io/control-plane", value: "true", effect: "NoSchedule" };
const pod = { restartPolicy: "Always" as const, containers: [] };

describe("a pod goes to", () => {
  test.each([
    { name: "the emptier node", spec: pod, nodes: [node("a"), node("b")], counts: { a: 2, b: 1 }, is: "b" },
    {
      name: "the node that it selects",
      spec: { ...pod, nodeSelector: { os: "linux" } },
      nodes: [node("a"), node("b", { labels: { os: "linux" } })],
      counts: { a: 0, b: 9 },
      is: "b",
    },
    {
      name: "a node without a taint",
      spec: pod,
      nodes: [node("a", { spec: { taints: [taint] } }), node("b")],
      counts: { a: 0, b: 9 },
      is: "b",
    },
    {
      name: "a tainted node that it tolerates",
      spec: { ...pod, tolerations: [{ key: taint.key, operator: "Exists" }] },
      nodes: [node("a", { spec: { taints: [taint] } })],
      counts: {},
      is: "a",
    },
    {
      name: "any tainted node if it tolerates everything",
      spec: { ...pod, tolerations: [{ operator: "Exists" }] },
      nodes: [node("a", { spec: { taints: [taint] } })],
      counts: {},
      is: "a",
    },
  ])("$name", ({ spec, nodes, counts, is }) => {
    const podsOn = (each: ClusterNode) => new Map<string, number>(Object.entries(counts)).get(each.name) ?? 0;
    expect(place(spec, nodes, podsOn)).toEqual({ kind: "node", name: is });
  });

  test.each([
    { name: "no node, as there is none", nodes: [], message: "no nodes available to schedule pods" },
    {
      name: "no node, as one is full and two are cordoned",
      nodes: [
        node("a", { pods: "1" }),
        node("b", { spec: { unschedulable: true } }),
        node("c", { spec: { unschedulable: true } }),
      ],
      message: "0/3 nodes are available: 1 Too many pods, 2 node(s) were unschedulable.",
    },
    {
      name: "no node, as the only one is tainted",
      nodes: [node("a", { spec: { taints: [taint] } })],
      message:
        "0/1 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: true}.",
    },
  ])("$name", ({ nodes, message }) => {
    expect(place(pod, nodes, () => 1)).toEqual({ kind: "none", message });
  });
});
