/** A Deployment's status: counts, `Available`, and `Progressing` as `kubectl rollout status` reads it. */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../workload.ts";
import { fencepostsOf } from "./fenceposts.ts";

export interface Observed {
  readonly deployment: Deployment;
  readonly newSet: ReplicaSet | undefined;
  /** All of them, the new one too. */
  readonly sets: readonly ReplicaSet[];
  readonly now: Date;
}

/** Kubernetes: a deadline of MaxInt32 means none. */
const NO_DEADLINE = 2_147_483_647;

/** Counts and the `Available` condition; `Progressing` stays as it was. */
export function countedStatus({ deployment, newSet, sets, now }: Observed): DeploymentStatus {
  const { spec, status, object } = deployment;
  const available = sum(sets, (set) => set.status.availableReplicas);
  const enough = available >= spec.replicas - fencepostsOf(spec).maxUnavailable;
  const counted: DeploymentStatus = {
    ...(status.collisionCount === undefined ? {} : { collisionCount: status.collisionCount }),
    observedGeneration: object.metadata.generation ?? 0,
    replicas: sum(sets, (set) => set.status.replicas),
    updatedReplicas: newSet?.status.replicas ?? 0,
    readyReplicas: sum(sets, (set) => set.status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(sets, (set) => set.spec.replicas) - available),
    conditions: status.conditions,
  };
  return withCondition(counted, {
    type: "Available",
    status: enough ? "True" : "False",
    reason: enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
    now,
  });
}

/**
 * The status of a rollout under way: counts and both conditions.
 * @param waited milliseconds of sandbox time since the rollout last moved
 */
export function rolloutStatus(observed: Observed, waited: number): DeploymentStatus {
  const { deployment, now } = observed;
  const status = countedStatus(observed);
  const current = conditionOf(status, "Progressing");
  if (!hasDeadline(deployment)) return { ...status, conditions: status.conditions.filter((each) => each !== current) };
  const subject = observed.newSet ? `ReplicaSet "${observed.newSet.name}"` : `Deployment "${deployment.name}"`;
  if (status.replicas === status.updatedReplicas && current?.reason === "NewReplicaSetAvailable") return status;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return progressing(status, { status: "True", reason: "NewReplicaSetAvailable", message, now });
  }
  if (hasMoved(deployment.status, status)) {
    const message = `${subject} is progressing.`;
    return progressing(status, { status: "True", reason: "ReplicaSetUpdated", message, now });
  }
  if (isTimedOut(deployment, current, waited)) {
    const message = `${subject} has timed out progressing.`;
    return progressing(status, { status: "False", reason: "ProgressDeadlineExceeded", message, now });
  }
  return status;
}

/** Sets the `Progressing` condition; its `lastUpdateTime` says when the rollout last moved. */
export function progressing(status: DeploymentStatus, change: Omit<ConditionChange, "type">): DeploymentStatus {
  const others = status.conditions.filter((each) => each.type !== "Progressing");
  const current = conditionOf(status, "Progressing");
  const fresh = condition({ ...change, type: "Progressing" });
  const kept = current?.status === change.status ? { lastTransitionTime: current.lastTransitionTime } : {};
  return { ...status, conditions: [...others, { ...fresh, ...kept }] };
}

/** Whether all pods that are wanted are there, new and available, and no others. */
export function isComplete({ spec, object }: Deployment, status: DeploymentStatus): boolean {
  const { updatedReplicas, replicas, availableReplicas, observedGeneration = 0 } = status;
  const counts = [updatedReplicas, replicas, availableReplicas];
  return counts.every((count) => count === spec.replicas) && observedGeneration >= (object.metadata.generation ?? 0);
}

/** Milliseconds of sandbox time after which a rollout that does not move is given up; undefined without a deadline. */
export function deadlineOf(deployment: Deployment): number | undefined {
  return hasDeadline(deployment) ? deployment.spec.progressDeadlineSeconds * 1_000 : undefined;
}

export function conditionOf(status: DeploymentStatus, type: string): DeploymentCondition | undefined {
  return status.conditions.find((each) => each.type === type);
}

/** The status as the API stores it: counts of 0 are left out. */
export function storedStatus(status: DeploymentStatus): Record<string, unknown> {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0 && value !== undefined));
}

interface ConditionChange {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly now: Date;
}

function withCondition(status: DeploymentStatus, change: ConditionChange): DeploymentStatus {
  const current = conditionOf(status, change.type);
  if (current?.status === change.status && current.reason === change.reason) return status;
  const kept = current?.status === change.status ? { lastTransitionTime: current.lastTransitionTime } : {};
  const others = status.conditions.filter((each) => each.type !== change.type);
  return { ...status, conditions: [...others, { ...condition(change), ...kept }] };
}

function condition({ type, status, reason, message, now }: ConditionChange): DeploymentCondition {
  const at = now.toISOString().replace(/\.\d+Z$/, "Z");
  return { type, status, lastUpdateTime: at, lastTransitionTime: at, reason, message };
}

function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== NO_DEADLINE;
}

/** Whether more of a rollout is done in the second status than in the first. */
export function hasMoved(before: DeploymentStatus, after: DeploymentStatus): boolean {
  return (
    after.updatedReplicas !== before.updatedReplicas ||
    after.replicas - after.updatedReplicas < before.replicas - before.updatedReplicas ||
    after.readyReplicas > before.readyReplicas ||
    after.availableReplicas > before.availableReplicas
  );
}

function isTimedOut(deployment: Deployment, current: DeploymentCondition | undefined, waited: number): boolean {
  if (!current || current.reason === "NewReplicaSetAvailable") return false;
  if (current.reason === "ProgressDeadlineExceeded") return true;
  return waited >= deployment.spec.progressDeadlineSeconds * 1_000;
}

function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number {
  return sets.reduce((total, set) => total + count(set), 0);
}
