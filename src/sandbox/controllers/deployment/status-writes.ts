/** Writing a Deployment's status, only when it says something new, and remembering when its rollout last moved. */
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../clock.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { Change } from "../informer.ts";
import { type Deployment, type DeploymentStatus, REF } from "../workload.ts";
import { conditionOf, hasMoved, progressing, storedStatus } from "./status.ts";

/** Writes the status unless it is already stored. */
export async function writeStatus(
  { client }: ClusterView,
  deployment: Deployment,
  status: DeploymentStatus,
): Promise<void> {
  const stored = storedStatus(status);
  if (isDeepStrictEqual(stored, storedStatus(deployment.status))) return;
  const ref = { ...REF.deployments, namespace: deployment.namespace };
  await client.update(ref, { ...deployment.object, status: stored }, { subresource: "status" });
}

/** Shows in `Progressing` that the Deployment was paused or resumed. */
export function withPause(status: DeploymentStatus, { spec }: Deployment, now: Date): DeploymentStatus {
  const reason = conditionOf(status, "Progressing")?.reason;
  if (spec.paused && reason !== "DeploymentPaused" && reason !== "ProgressDeadlineExceeded") {
    return progressing(status, { status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused", now });
  }
  if (!spec.paused && reason === "DeploymentPaused") {
    return progressing(status, {
      status: "Unknown",
      reason: "DeploymentResumed",
      message: "Deployment is resumed",
      now,
    });
  }
  return status;
}

/**
 * When each rollout last moved, to the millisecond; the condition's own `lastUpdateTime` has whole seconds, many of
 * the sandbox's when its clock is fast, and serves only for rollouts that moved before anybody watched.
 */
export class ProgressLog {
  readonly #clock: Clock;
  readonly #moved = new Map<string, Date>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of a change of a Deployment: its status tells whether the rollout moved. */
  see(change: Change<Deployment>): void {
    if (change.kind === "removed") this.#moved.delete(change.item.uid);
    if (change.kind !== "changed") return;
    const { before, item } = change;
    const [earlier, later] = [before, item].map(({ status }) => conditionOf(status, "Progressing"));
    if (hasMoved(before.status, item.status) || !isDeepStrictEqual(earlier, later)) {
      this.#moved.set(item.uid, this.#clock.now());
    }
  }

  /** Milliseconds of sandbox time since the Deployment's rollout last moved; 0 if it never did. */
  waited({ uid, status }: Deployment): number {
    const stated = conditionOf(status, "Progressing")?.lastUpdateTime;
    const moved = this.#moved.get(uid) ?? (stated === undefined ? undefined : new Date(stated));
    return moved ? this.#clock.elapsed(moved) : 0;
  }
}
