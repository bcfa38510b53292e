/**
 * The arithmetic of a rolling update, as in Kubernetes' deployment controller (rolling.go): first the new ReplicaSet
 * grows as far as the surge lets it, then old ones shrink, the pods first that serve nobody, and never so far that
 * fewer than `desired - maxUnavailable` available pods would be left.
 */
import type { Fenceposts } from "./fenceposts.ts";

/** What the arithmetic knows of a ReplicaSet. */
interface SetScale {
  readonly name: string;
  /** What it should have (`spec.replicas`). */
  readonly replicas: number;
  /** How many of its pods are available, as its status says. */
  readonly available: number;
}

export interface Rollout {
  readonly desired: number;
  readonly limits: Fenceposts;
  readonly newSet: SetScale;
  /** Oldest first. */
  readonly oldSets: readonly SetScale[];
}

/** New sizes by the name of the ReplicaSet; those that keep theirs are left out. */
export type Resizes = ReadonlyMap<string, number>;

/** How large the new ReplicaSet should be now; its present size if the surge leaves no room. */
export function newSetSize({ desired, limits, newSet, oldSets }: Rollout): number {
  if (newSet.replicas >= desired) return desired;
  const room = desired + limits.maxSurge - newSet.replicas - total(oldSets, (set) => set.replicas);
  return newSet.replicas + Math.max(0, Math.min(room, desired - newSet.replicas));
}

/** Which old ReplicaSets shrink now, and to what. */
export function shrinkOldSets({ desired, limits, newSet, oldSets }: Rollout): Resizes {
  const atLeast = desired - limits.maxUnavailable;
  const pods = newSet.replicas + total(oldSets, (set) => set.replicas);
  const spare = pods - atLeast - (newSet.replicas - newSet.available);
  if (spare <= 0) return new Map();
  const cleaned = takeAway(oldSets, spare, (set) => set.replicas - set.available);
  const available = newSet.available + total(oldSets, (set) => set.available);
  const shrunk = takeAway(cleaned, available - atLeast, (set) => set.replicas);
  const before = new Map(oldSets.map((set) => [set.name, set.replicas]));
  return new Map(shrunk.filter((set) => set.replicas !== before.get(set.name)).map((set) => [set.name, set.replicas]));
}

/** Takes up to `count` pods away, from the oldest set on, from each at most what `removable` allows. */
function takeAway(sets: readonly SetScale[], count: number, removable: (set: SetScale) => number): SetScale[] {
  let left = Math.max(0, count);
  return sets.map((set) => {
    const taken = Math.min(left, Math.max(0, removable(set)));
    left -= taken;
    return { ...set, replicas: set.replicas - taken };
  });
}

/** What the arithmetic of a scaling knows besides: the largest number of pods that was allowed when it was last sized. */
export interface SizedSet extends SetScale {
  readonly maxReplicas: number | undefined;
}

/**
 * Spreads a change of `desired` in the middle of a rollout over its ReplicaSets in proportion to their sizes, the
 * rounding going to the first (Kubernetes: deployment controller, scale()). Sets come newest first when growing,
 * oldest first when shrinking, largest before either.
 */
export function scaleInProportion(sets: readonly SizedSet[], desired: number, maxSurge: number): Resizes {
  const allowed = desired > 0 ? desired + maxSurge : 0;
  const toAdd = allowed - total(sets, (set) => set.replicas);
  let added = 0;
  const sized = sets.map((set) => {
    const share = proportion(set, { desired, maxSurge, left: toAdd - added });
    added += share;
    return { name: set.name, replicas: set.replicas + share };
  });
  const [first] = sized;
  if (first) first.replicas = Math.max(0, first.replicas + toAdd - added);
  return new Map(sized.map((set) => [set.name, set.replicas]));
}

function proportion(set: SizedSet, change: { desired: number; maxSurge: number; left: number }): number {
  if (set.replicas === 0 || change.left === 0) return 0;
  if (change.desired === 0) return -set.replicas;
  const share = Math.round((set.replicas * (change.desired + change.maxSurge)) / (set.maxReplicas || change.desired));
  const fraction = share - set.replicas;
  return change.left > 0 ? Math.min(fraction, change.left) : Math.max(fraction, change.left);
}

function total(sets: readonly SetScale[], count: (set: SetScale) => number): number {
  return sets.reduce((sum, set) => sum + count(set), 0);
}
