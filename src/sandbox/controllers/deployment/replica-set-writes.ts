/** The writes by which a Deployment's ReplicaSets come to be, change and are sized. */
import { ApiError, type ClusterClient } from "../../cluster-client.ts";
import type { ClusterView } from "../cluster-view.ts";
import { controllerOf, type Deployment, REF, type ReplicaSet, readReplicaSet } from "../workload.ts";
import { fencepostsOf } from "./fenceposts.ts";
import {
  annotationsOfNewSet,
  newReplicaSet,
  nextRevision,
  REVISION,
  revisionOf,
  sizeNotes,
  splitSets,
} from "./replica-sets.ts";
import { newSetSize } from "./rolling-update.ts";
import { progressing, storedStatus } from "./status.ts";

/**
 * The ReplicaSet of the present template, made if there is none. Undefined when this pass should end here: what was
 * written comes back through the watch.
 */
export async function ensureNewSet(
  view: ClusterView,
  deployment: Deployment,
  owned: readonly ReplicaSet[],
): Promise<ReplicaSet | undefined> {
  const { newSet, oldSets } = splitSets(deployment, owned);
  if (newSet) return updateNewSet(view, deployment, { set: newSet, oldSets });
  const scales = oldSets.map((set) => ({ name: set.name, replicas: set.spec.replicas, available: 0 }));
  const { spec } = deployment;
  const size = newSetSize({
    desired: spec.replicas,
    limits: fencepostsOf(spec),
    newSet: { name: "", replicas: 0, available: 0 },
    oldSets: scales,
  });
  const revision = nextRevision(oldSets);
  // Under Recreate nothing of the old is left when this is reached, so that the new one may have its full size.
  const set = newReplicaSet(deployment, spec.strategy?.type === "Recreate" ? spec.replicas : size, revision);
  const ref = { ...REF.replicaSets, namespace: deployment.namespace };
  try {
    const created = await view.client.create(ref, set);
    const message = `Scaled up replica set ${created.metadata.name} from 0 to ${size}`;
    view.events.record({ ...scalingEvent(deployment), message });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
    await countCollision(view.client, deployment, set.metadata.name ?? "");
    return undefined;
  }
  const message = `Created new replica set "${set.metadata.name}"`;
  await announce(view, deployment, { revision, reason: "NewReplicaSetCreated", message });
  return undefined;
}

/** Brings revision, annotations and `minReadySeconds` of the new ReplicaSet up to date: the old ones keep theirs. */
export async function updateNewSet(
  view: ClusterView,
  deployment: Deployment,
  { set, oldSets }: { readonly set: ReplicaSet; readonly oldSets: readonly ReplicaSet[] },
): Promise<ReplicaSet | undefined> {
  const { minReadySeconds } = deployment.spec;
  const annotations = annotationsOfNewSet(deployment, set, nextRevision(oldSets));
  const before = set.object.metadata.annotations ?? {};
  const differs = Object.entries(annotations).some(([name, value]) => before[name] !== value);
  if (differs || set.spec.minReadySeconds !== minReadySeconds) {
    const ref = { ...REF.replicaSets, namespace: set.namespace };
    const metadata = { ...set.object.metadata, annotations };
    await view.client.update(ref, { ...set.object, metadata, spec: { ...set.spec, minReadySeconds } });
    return undefined;
  }
  if (revisionOf(deployment) !== revisionOf(set)) {
    const message = `Found new replica set "${set.name}"`;
    await announce(view, deployment, { revision: revisionOf(set), reason: "FoundNewReplicaSet", message });
    return undefined;
  }
  return set;
}

/** Sizes a ReplicaSet and notes for which size of the Deployment that was. @returns whether its size changed */
export async function resize(
  view: ClusterView,
  deployment: Deployment,
  { set, size }: { readonly set: ReplicaSet; readonly size: number },
): Promise<boolean> {
  const notes = sizeNotes(deployment);
  const present = set.object.metadata.annotations ?? {};
  const noted = Object.entries(notes).every(([name, value]) => present[name] === value);
  if (set.spec.replicas === size && (noted || size === 0)) return false;
  const metadata = { ...set.object.metadata, annotations: { ...present, ...notes } };
  const ref = { ...REF.replicaSets, namespace: set.namespace };
  await view.client.update(ref, { ...set.object, metadata, spec: { ...set.spec, replicas: size } });
  if (set.spec.replicas === size) return false;
  const direction = size > set.spec.replicas ? "up" : "down";
  const message = `Scaled ${direction} replica set ${set.name} from ${set.spec.replicas} to ${size}`;
  view.events.record({ ...scalingEvent(deployment), message });
  return true;
}

/** Writes the Deployment's revision, and why it progresses: from here its deadline counts. */
async function announce(
  view: ClusterView,
  deployment: Deployment,
  { revision, reason, message }: { readonly revision: number; readonly reason: string; readonly message: string },
): Promise<void> {
  const ref = { ...REF.deployments, namespace: deployment.namespace };
  const body = { metadata: { annotations: { [REVISION]: String(revision) } } };
  const annotated = await view.client.patch(ref, deployment.name, { type: "merge", body });
  const status = progressing(deployment.status, { status: "True", reason, message, now: view.clock.now() });
  await view.client.update(ref, { ...annotated, status: storedStatus(status) }, { subresource: "status" });
}

/**
 * The name is taken. If by our own ReplicaSet with this template, the watch is merely late; otherwise another name
 * is used from now on.
 */
async function countCollision(client: ClusterClient, deployment: Deployment, name: string): Promise<void> {
  const stored = await client.get({ ...REF.replicaSets, namespace: deployment.namespace }, name);
  const taken = stored && readReplicaSet(stored);
  if (!taken || controllerOf(taken.object)?.uid === deployment.uid) return;
  const ref = { ...REF.deployments, namespace: deployment.namespace };
  const status = storedStatus({ ...deployment.status, collisionCount: (deployment.status.collisionCount ?? 0) + 1 });
  await client.update(ref, { ...deployment.object, status }, { subresource: "status" });
}

function scalingEvent({ object }: Deployment) {
  return { about: object, type: "Normal", reason: "ScalingReplicaSet", source: "deployment-controller" } as const;
}
