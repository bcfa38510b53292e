/** Which ReplicaSet of a Deployment is the new one, what revision each is, and what a new one looks like. */
import type { NewObject } from "../../cluster-client.ts";
import { type Deployment, ownedBy, type ReplicaSet } from "../workload.ts";
import { fencepostsOf } from "./fenceposts.ts";
import { HASH_LABEL, isSameTemplate, templateHash, withHash } from "./template-hash.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

/** Annotations of a Deployment that its ReplicaSets do not get. */
const NOT_COPIED = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

export interface Sets {
  /** The one that has the Deployment's present template, if it exists. */
  readonly newSet: ReplicaSet | undefined;
  /** All others, oldest first. */
  readonly oldSets: readonly ReplicaSet[];
}

/** Tells the new ReplicaSet of a Deployment from the old ones; of several with its template the oldest is the new one. */
export function splitSets(deployment: Deployment, owned: readonly ReplicaSet[]): Sets {
  const byAge = owned.toSorted((a, b) => createdAt(a) - createdAt(b) || (a.name < b.name ? -1 : 1));
  const newSet = byAge.find((set) => isSameTemplate(set.spec.template, deployment.spec.template));
  return { newSet, oldSets: byAge.filter((set) => set !== newSet) };
}

/** The revision of a ReplicaSet (or Deployment): 0 if it has none yet. */
export function revisionOf({ object }: Pick<ReplicaSet, "object">): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0);
}

/** The revision that the Deployment's template is: one more than the newest of the others. */
export function nextRevision(oldSets: readonly ReplicaSet[]): number {
  return Math.max(0, ...oldSets.map(revisionOf)) + 1;
}

/** How many pods the Deployment wanted when the ReplicaSet was last sized; undefined if that is not written down. */
export function noteOfDesired(set: ReplicaSet): number | undefined {
  return numberNoted(set, DESIRED_REPLICAS);
}

/** How many pods the Deployment might have at most when the ReplicaSet was last sized. */
export function noteOfMax(set: ReplicaSet): number | undefined {
  return numberNoted(set, MAX_REPLICAS);
}

/** The notes about the Deployment's size that each sizing of a ReplicaSet leaves on it. */
export function sizeNotes({ spec }: Deployment): Record<string, string> {
  return {
    [DESIRED_REPLICAS]: String(spec.replicas),
    [MAX_REPLICAS]: String(spec.replicas + fencepostsOf(spec).maxSurge),
  };
}

/** A ReplicaSet for the Deployment's present template. */
export function newReplicaSet(deployment: Deployment, size: number, revision: number): NewObject {
  const { spec, status, object } = deployment;
  const hash = templateHash(spec.template, status.collisionCount);
  const template = withHash(spec.template, hash);
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.name}-${hash}`,
      namespace: deployment.namespace,
      labels: template.metadata?.labels ?? {},
      annotations: { ...copiedAnnotations(deployment), ...sizeNotes(deployment), [REVISION]: String(revision) },
      ownerReferences: [ownedBy(object)],
    },
    spec: {
      replicas: size,
      ...(spec.minReadySeconds > 0 ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [HASH_LABEL]: hash } },
      template,
    },
  };
}

/**
 * What an existing new ReplicaSet should carry: its revision raised when the Deployment went back to it, the earlier
 * ones remembered. Revisions never go down.
 */
export function annotationsOfNewSet(deployment: Deployment, set: ReplicaSet, revision: number): Record<string, string> {
  const present = set.object.metadata.annotations ?? {};
  const annotations = { ...present, ...copiedAnnotations(deployment) };
  const before = revisionOf(set);
  if (before >= revision) return annotations;
  const history = [present[REVISION_HISTORY], before > 0 ? String(before) : undefined].filter(Boolean).join(",");
  return { ...annotations, [REVISION]: String(revision), ...(history ? { [REVISION_HISTORY]: history } : {}) };
}

/** Old ReplicaSets beyond the history that a Deployment keeps, the oldest revisions first; only empty ones. */
export function surplusSets(deployment: Deployment, oldSets: readonly ReplicaSet[]): ReplicaSet[] {
  const present = oldSets.filter((set) => set.object.metadata.deletionTimestamp === undefined);
  const count = present.length - deployment.spec.revisionHistoryLimit;
  if (count <= 0) return [];
  return present
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, count)
    .filter((set) => set.spec.replicas === 0 && set.status.replicas === 0);
}

function copiedAnnotations(deployment: Deployment): Record<string, string> {
  const annotations = Object.entries(deployment.object.metadata.annotations ?? {});
  return Object.fromEntries(annotations.filter(([name]) => !NOT_COPIED.has(name)));
}

function numberNoted(set: ReplicaSet, annotation: string): number | undefined {
  const noted = set.object.metadata.annotations?.[annotation];
  return noted === undefined ? undefined : Number(noted);
}

function createdAt(set: ReplicaSet): number {
  return Date.parse(set.object.metadata.creationTimestamp ?? "") || 0;
}
