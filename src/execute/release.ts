/** The Helm release in the middle of a rotation: what it has come to, and whether that was our doing. */
import { FarrierError } from "../errors.ts";
import type { GivenValues } from "../helm/given-values.ts";
import { isHelmRunning } from "../helm/helm-program.ts";
import { latestRelease, type StoredRelease } from "../helm/stored-releases.ts";
import type { Plan } from "../plan/plan.ts";
import type { PlanRelease } from "../plan/release.ts";
import { pauseFor } from "./pause-for.ts";
import { conflict, type StepContext } from "./step-action.ts";

const LOOK_MS = 500;
/** A helm that outlived Farrier may still be at it, and not on this machine: so long is waited in any case. */
const ORPHAN_MS = 10_000;

/** What a plan that upgrades the release says of it. @throws FarrierError `plan.invalid` */
export function plannedRelease({ release }: Pick<Plan, "release">): PlanRelease {
  if (release === undefined) throw new FarrierError("plan.invalid", "The plan upgrades a Helm release and names none.");
  return release;
}

/** The latest revision. @throws FarrierError `step.conflict` where the release is gone */
export async function presentRelease({
  management,
  plan,
}: Pick<StepContext, "management" | "plan">): Promise<StoredRelease> {
  const planned = plannedRelease(plan);
  const release = await latestRelease(management, planned);
  if (release === undefined) throw conflict(called(planned), "the cluster stores no such release any more");
  return release;
}

/** What `helm history` shows of an upgrade of ours. */
export function descriptionOf({ plan, step }: Pick<StepContext, "plan" | "step">): string {
  return `farrier ${plan.rotation}: ${step.id}`;
}

/** Whether a revision is an upgrade of ours, whatever it has come to: while it is under way, Helm does not say whose it is. */
export function isOurs(
  context: Pick<StepContext, "plan" | "step">,
  release: StoredRelease,
  wanted: GivenValues,
): boolean {
  return release.description === descriptionOf(context) || release.values.equals(wanted);
}

/**
 * The release once nothing is under way. An upgrade of ours that was interrupted (Farrier and helm were killed) leaves a
 * revision that is for ever `pending-upgrade`, and Helm refuses every other. That record is removed: what it had applied
 * already is applied again, and the values are those that were kept before.
 * @param wanted the values that ours has
 * @throws FarrierError `step.conflict` while somebody else upgrades
 */
export async function settledRelease(context: StepContext, wanted: GivenValues): Promise<StoredRelease> {
  for (let end = Date.now() + ORPHAN_MS; ; ) {
    const release = await presentRelease(context);
    if (!release.status.startsWith("pending-")) return release;
    if (!isOurs(context, release, wanted)) {
      throw conflict(called(release), `its revision ${release.revision} is ${release.status}`);
    }
    if (await isHelmRunning(descriptionOf(context))) end = Date.now() + ORPHAN_MS;
    if (Date.now() > end) {
      const { resource, name, uid } = release.record;
      await context.management.delete(resource, name, { uid });
      continue;
    }
    await pauseFor(LOOK_MS, context.signal);
  }
}

function called({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `Helm release ${namespace}/${name}`;
}
