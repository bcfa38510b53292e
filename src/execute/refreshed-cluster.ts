/** A cluster that is refreshed, as its steps see it: what is stale now, and what forbids going on. */

import { FarrierError } from "../errors.ts";
import type { ClusterAccess } from "../estate/cluster-access.ts";
import { observeClusterAccess } from "../observe/cluster-access.ts";
import { pinOf } from "../pki/pin.ts";
import type { RefreshedCluster } from "../plan/plan.ts";
import { stepsOf } from "../plan/reading.ts";
import { type AccessVerdict, judgeAccess } from "../plan/refresh/judge-access.ts";
import type { Obstruction, StepContext } from "./step-action.ts";

export type AccessSeen =
  | {
      readonly kind: "seen";
      readonly access: ClusterAccess;
      readonly verdict: AccessVerdict;
      /** The pin of what Rancher serves. */
      readonly servedPin: string;
    }
  | { readonly kind: "blocked"; readonly by: Obstruction };

/** @throws ApiError where Rancher's cluster or this one cannot be asked */
export async function lookAtAccess(context: StepContext): Promise<AccessSeen> {
  const planned = refreshedCluster(context);
  const failed = earlierFailure(context);
  if (failed !== undefined) return { kind: "blocked", by: failed };
  const direct = await context.own(planned.id);
  const access = await observeClusterAccess({ management: context.management, direct }, planned.id);
  if (access === undefined) return blocked("Rancher does not have the cluster any more", "Plan without it.");
  if (access.own.kubeSystemUid !== planned.kubeSystemUid) {
    const why = `the kubeconfig leads to the cluster with the UID ${access.own.kubeSystemUid}; the plan's is ${planned.kubeSystemUid}`;
    return blocked(why, "Put the kubeconfig of the plan back in place, or plan anew.");
  }
  const servedPin = pinOf((await context.world.rancher.cacerts()).value);
  const verdict = judgeAccess(access, servedPin);
  const obstacle = verdict.findings.find(({ severity }) => severity === "error");
  if (obstacle !== undefined) return blocked(obstacle.sentence.replace(/\.$/, ""), obstacle.hint);
  if (verdict.pinStale && context.step.kind !== "pin-agent") {
    const hint = "Rancher's bundle has changed since, or somebody has set the agent's pin: plan anew.";
    return blocked("its agent pins another bundle than Rancher serves, and would not come back from a restart", hint);
  }
  return { kind: "seen", access, verdict, servedPin };
}

/** The plan's line about the step's cluster. @throws FarrierError `plan.invalid` */
export function refreshedCluster({ plan, step }: Pick<StepContext, "plan" | "step">): RefreshedCluster {
  const found = plan.refreshed?.find(({ id }) => id === step.target);
  if (found === undefined) throw new FarrierError("plan.invalid", `The plan does not refresh cluster ${step.target}.`);
  return found;
}

/** The steps of a cluster build on each other, and a wave goes on without those that failed in the one before. */
export function earlierFailure({ plan, run, step }: StepContext): Obstruction | undefined {
  const own = plan.stages.flatMap(stepsOf).filter(({ target }) => target === step.target);
  const earlier = own.slice(
    0,
    own.findIndex(({ id }) => id === step.id),
  );
  const failed = earlier.find(({ id }) => run.steps[id]?.phase === "failed");
  if (failed === undefined) return undefined;
  return { why: `its step ${failed.id} failed`, hint: "farrier apply tries that one again first." };
}

function blocked(why: string, hint: string): Extract<AccessSeen, { kind: "blocked" }> {
  return { kind: "blocked", by: { why, hint } };
}
