import { describe, expect, test } from "vitest";
import { type Pod, readPod } from "../pod.ts";
import { deletionOrder } from "./deletion-order.ts";

interface Traits {
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly created?: string;
  readonly cost?: string;
}

function pod(name: string, traits: Traits): Pod {
  const {
    node = "node-1",
    phase = "Running",
    ready = true,
    restarts = 0,
    created = "2026-01-01T00:00:00Z",
    cost,
  } = traits;
  const read = readPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      uid: name,
      creationTimestamp: created,
      ...(cost === undefined ? {} : { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } }),
    },
    spec: { ...(node === "" ? {} : { nodeName: node }), containers: [{ name: "main" }] },
    status: {
      phase,
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [{ name: "main", restartCount: restarts }],
    },
  });
  if (!read) throw new Error("the pod of this test is malformed");
  return read;
}

describe("a ReplicaSet gives up", () => {
  test.each<{ name: string; first: Traits; second: Traits }>([
    { name: "an unassigned pod before an assigned one", first: { node: "" }, second: { ready: false } },
    { name: "a pending pod before a running one", first: { phase: "Pending" }, second: {} },
    {
      name: "a pod that is not ready before one that is",
      first: { ready: false, created: "2025-01-01T00:00:00Z" },
      second: {},
    },
    { name: "a cheaper pod", first: { cost: "-1" }, second: { restarts: 9 } },
    { name: "a pod with more restarts", first: { restarts: 3 }, second: { restarts: 1 } },
    { name: "the younger pod", first: { created: "2026-01-02T00:00:00Z" }, second: {} },
  ])("$name", ({ first, second }) => {
    const order = deletionOrder([pod("second", second), pod("first", first)], () => 1_000);
    expect(order.map((each) => each.name)).toEqual(["first", "second"]);
  });

  test("a pod beside more of its siblings", () => {
    const pods = [pod("alone", { node: "node-2" }), pod("beside", {}), pod("beside too", {})];
    expect(deletionOrder(pods, () => 1_000).at(-1)?.name).toBe("alone");
  });

  test("the pod that became ready last", () => {
    const pods = [pod("old hand", {}), pod("newcomer", {})];
    const readyFor = (each: Pod) => (each.name === "newcomer" ? 1_000 : 60_000);
    expect(deletionOrder(pods, readyFor).map((each) => each.name)).toEqual(["newcomer", "old hand"]);
  });
});
