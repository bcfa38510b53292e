import { describe, expect, test } from "vitest";
import { type Deployment, type ReplicaSet, readDeployment, readReplicaSet } from "../workload.ts";
import { conditionOf, rolloutStatus, storedStatus } from "./status.ts";

const now = new Date("2026-11-23T08:00:00.750Z");
const earlier = "2026-11-23T07:00:00Z";
const template = { spec: {} };

interface Counts {
  readonly wanted?: number;
  readonly replicas?: number;
  readonly ready?: number;
  readonly available?: number;
}

function set(name: string, { wanted = 1, replicas = wanted, ready = replicas, available = ready }: Counts): ReplicaSet {
  const read = readReplicaSet({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, uid: name },
    spec: { replicas: wanted, selector: {}, template },
    status: { replicas, readyReplicas: ready, availableReplicas: available },
  });
  if (!read) throw new Error("the ReplicaSet of this test is malformed");
  return read;
}

function deployment(status: object, spec: object = {}): Deployment {
  const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  const read = readDeployment({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "agent", uid: "agent", generation: 3 },
    spec: { replicas: 1, selector: {}, template, strategy, progressDeadlineSeconds: 600, ...spec },
    status,
  });
  if (!read) throw new Error("the Deployment of this test is malformed");
  return read;
}

function progress(status: string, reason: string) {
  return { type: "Progressing", status, reason, lastUpdateTime: earlier, lastTransitionTime: earlier };
}

const settled = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
const oldSet = set("agent-old", {});
const waiting = set("agent-new", { ready: 0 });

describe("the progress of a rollout", () => {
  test.each([
    {
      name: "complete: all that is wanted is new and available",
      before: { ...settled, availableReplicas: 0, conditions: [progress("True", "ReplicaSetUpdated")] },
      sets: [set("agent-old", { wanted: 0 }), set("agent-new", {})],
      waited: 0,
      is: { status: "True", reason: "NewReplicaSetAvailable", lastTransitionTime: earlier },
    },
    {
      name: "under way: another pod has come",
      before: { ...settled, updatedReplicas: 0, conditions: [progress("True", "NewReplicaSetCreated")] },
      sets: [oldSet, waiting],
      waited: 0,
      is: { status: "True", reason: "ReplicaSetUpdated", lastUpdateTime: "2026-11-23T08:00:00Z" },
    },
    {
      name: "waiting: nothing new, and time left",
      before: { ...settled, replicas: 2, conditions: [progress("True", "ReplicaSetUpdated")] },
      sets: [oldSet, waiting],
      waited: 599_999,
      is: { status: "True", reason: "ReplicaSetUpdated", lastUpdateTime: earlier },
    },
    {
      name: "stuck: an armed agent after ten minutes, which people see as an alert",
      before: { ...settled, replicas: 2, conditions: [progress("True", "ReplicaSetUpdated")] },
      sets: [oldSet, waiting],
      waited: 600_000,
      is: { status: "False", reason: "ProgressDeadlineExceeded", lastTransitionTime: "2026-11-23T08:00:00Z" },
    },
    {
      name: "settled long ago: a pod that is made again is no rollout",
      before: { ...settled, conditions: [progress("True", "NewReplicaSetAvailable")] },
      sets: [set("agent-old", { wanted: 0 }), set("agent-new", { ready: 0 })],
      waited: 9_000_000,
      is: { status: "True", reason: "NewReplicaSetAvailable", lastUpdateTime: earlier },
    },
  ])("$name", ({ before, sets, waited, is }) => {
    const status = rolloutStatus({ deployment: deployment(before), newSet: sets[1], sets, now }, waited);
    expect(conditionOf(status, "Progressing")).toMatchObject(is);
  });

  test("is not told by a Deployment without a deadline", () => {
    const spec = { progressDeadlineSeconds: 2_147_483_647 };
    const before = deployment({ ...settled, conditions: [progress("True", "ReplicaSetUpdated")] }, spec);
    const status = rolloutStatus({ deployment: before, newSet: waiting, sets: [oldSet, waiting], now }, 0);
    expect(conditionOf(status, "Progressing")).toBeUndefined();
  });
});

describe("the counts", () => {
  test("of a Deployment that straddles", () => {
    const observed = { deployment: deployment(settled), newSet: waiting, sets: [oldSet, waiting], now };
    expect(storedStatus(rolloutStatus(observed, 0))).toMatchObject({
      observedGeneration: 3,
      replicas: 2,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      unavailableReplicas: 1,
    });
  });

  test("that are 0 are not stored", () => {
    const none = set("agent-new", { wanted: 0 });
    const observed = { deployment: deployment({}, { replicas: 0 }), newSet: none, sets: [none], now };
    expect(Object.keys(storedStatus(rolloutStatus(observed, 0)))).toEqual(["observedGeneration", "conditions"]);
  });

  test.each([
    { maxUnavailable: 0, is: "False" },
    { maxUnavailable: 1, is: "True" },
  ])("say with $maxUnavailable pods that may be missing whether it is available: $is", ({ maxUnavailable, is }) => {
    const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable } };
    const observed = { deployment: deployment({}, { strategy }), newSet: waiting, sets: [waiting], now };
    expect(conditionOf(rolloutStatus(observed, 0), "Available")?.status).toBe(is);
  });
});
