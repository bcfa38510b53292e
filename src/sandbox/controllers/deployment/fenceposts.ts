/** How far a rolling update may go above and below the desired number of pods. */
import type { DeploymentSpec, IntOrPercent } from "../workload.ts";

export interface Fenceposts {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

type RollingUpdate = {
  readonly maxSurge?: IntOrPercent | undefined;
  readonly maxUnavailable?: IntOrPercent | undefined;
};

/**
 * Both limits as numbers of pods. Percentages are of `desired`, surge rounded up and unavailable down; if both come
 * out as 0, one pod may be unavailable, since nothing could ever move (Kubernetes: ResolveFenceposts).
 */
export function resolveFenceposts(limits: RollingUpdate, desired: number): Fenceposts {
  const maxSurge = Math.ceil(podsOf(limits.maxSurge ?? "25%", desired));
  const maxUnavailable = Math.floor(podsOf(limits.maxUnavailable ?? "25%", desired));
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

/** The limits of a Deployment; none at all under Recreate, and never more unavailable pods than there are. */
export function fencepostsOf(spec: DeploymentSpec): Fenceposts {
  if (spec.strategy?.type === "Recreate") return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge, maxUnavailable } = resolveFenceposts(spec.strategy?.rollingUpdate ?? {}, spec.replicas);
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, spec.replicas) };
}

function podsOf(limit: IntOrPercent, desired: number): number {
  if (typeof limit === "number") return limit;
  const percent = Number.parseInt(limit, 10);
  return limit.endsWith("%") ? (percent * desired) / 100 : percent;
}
