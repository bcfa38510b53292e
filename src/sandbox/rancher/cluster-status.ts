import { ApiError, type ClusterClient, type KubeObject } from "../cluster-client.ts";
import { recordOf } from "./norman.ts";
import type { RancherProfile } from "./profile.ts";
import { CLUSTERS } from "./resources.ts";

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
}

/** What is to become of a cluster's status: further fields, and conditions by type. */
export interface StatusChange {
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly conditions?: readonly Condition[];
}

/** Writes the status the way that this version of Rancher does; a concurrent change makes it try again. */
export async function updateClusterStatus(
  client: ClusterClient,
  target: { readonly id: string; readonly profile: RancherProfile; readonly now: Date },
  change: StatusChange,
): Promise<void> {
  const cluster = await client.get(CLUSTERS, target.id);
  if (cluster === undefined) return;
  const status = recordOf(cluster.status);
  const conditions = merged(conditionsOf(cluster), change.conditions ?? [], target.now);
  const next = { ...cluster, status: { ...status, ...change.fields, conditions } };
  try {
    await client.update(CLUSTERS, next, target.profile.statusSubresource ? { subresource: "status" } : {});
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    await updateClusterStatus(client, target, change);
  }
}

/** The status of a condition: "True", "False", "Unknown", or undefined where there is none. */
export function conditionStatus(cluster: KubeObject, type: string): unknown {
  return conditionsOf(cluster).find((condition) => condition.type === type)?.status;
}

function conditionsOf(cluster: KubeObject): readonly Readonly<Record<string, unknown>>[] {
  const { conditions } = recordOf(cluster.status);
  return Array.isArray(conditions) ? conditions.map(recordOf) : [];
}

function merged(
  present: readonly Readonly<Record<string, unknown>>[],
  changes: readonly Condition[],
  now: Date,
): unknown[] {
  const lastUpdateTime = now.toISOString().replace(/\.\d+Z$/, "Z");
  const changed = new Map<unknown, unknown>(changes.map((change) => [change.type, { lastUpdateTime, ...change }]));
  const kept = present.map((condition) => changed.get(condition.type) ?? condition);
  const known = new Set(present.map((condition) => condition.type));
  return [...kept, ...changes.filter(({ type }) => !known.has(type)).map(({ type }) => changed.get(type))];
}
