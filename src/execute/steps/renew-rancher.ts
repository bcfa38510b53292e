/**
 * Restarts Rancher, pod by pod or as the container that it runs in, where its version keeps copies of cluster objects in
 * memory, so that logs and shells go by what it holds for the refreshed cluster now. Clusters of one wave share a restart.
 */
import { z } from "zod";
import { FarrierError } from "../../errors.ts";
import { deployments } from "../../kubernetes/resource.ts";
import { pinOf, pinOfFile } from "../../pki/pin.ts";
import type { RancherContainerPlace } from "../../plan/estate-backup.ts";
import { awaitRancher, deleteRancherPod, rancherPods, rancherShape } from "../rancher-pods.ts";
import {
  awaitAnswers,
  bundleAtNextStart,
  lookAtContainer,
  restartContainer,
  restartObstacle,
} from "../rancher-restart.ts";
import { earlierFailure } from "../refreshed-cluster.ts";
import { erased, type Observation, type Obstruction, type StepContext, type Verification } from "../step-action.ts";
import { silentStream } from "../through-rancher.ts";
import { writtenBundle } from "./serve-bundle.ts";

const beforeSchema = z.union([
  z.object({ at: z.string(), pods: z.array(z.object({ name: z.string(), uid: z.string() })) }),
  z.object({
    at: z.string(),
    /** When the container was started last, in its engine's words. */
    startedAt: z.string(),
  }),
]);
type Before = z.infer<typeof beforeSchema>;

export const renewRancher = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 900,

  async observe(context) {
    const failed = earlierFailure(context);
    if (failed !== undefined) return { kind: "blocked", by: failed };
    if (isRenewed(context)) return { kind: "done", evidence: [] };
    const { inContainer } = context.plan.rancher;
    if (inContainer !== undefined) return await observeNamed(context, inContainer);
    if (!(await hasDeployment(context))) return await observeContainer(context);
    const change = await otherBundle(context);
    if (change !== undefined) return { kind: "blocked", by: change };
    const pods = await rancherPods(context, await rancherShape(context));
    const before = { at: context.now().toISOString(), pods: pods.map(({ name, uid }) => ({ name, uid })) };
    return { kind: "todo", before };
  },

  async apply(context, before) {
    if ("startedAt" in before) {
      const place = containerOf(context);
      // What would be served is looked at again: days may lie between the look and a resumed restart.
      if ((await lookAtContainer(place)).startedAt === before.startedAt) {
        refuseOtherBundle(await otherBundleInFile(context, place));
      }
      return await restartContainer(context, place, before.startedAt);
    }
    const shape = await rancherShape(context);
    for (const pod of before.pods) {
      const present = await rancherPods(context, shape);
      if (present.some(({ uid }) => uid === pod.uid)) refuseOtherBundle(await otherBundle(context));
      await deleteRancherPod(context, pod);
      await awaitRancher(context, shape, ({ uid }) => uid !== pod.uid);
    }
  },

  async verify(context, before) {
    if ("startedAt" in before) return await verifyContainer(context, before.startedAt);
    const old = new Set(before.pods.map(({ uid }) => uid));
    await awaitRancher(context, await rancherShape(context), ({ uid }) => !old.has(uid));
    return { kind: "verified", evidence: [] };
  },
});

/** For another cluster, after what Rancher holds for this one was right. Both times are this rotation's own. */
function isRenewed({ run, step }: StepContext): boolean {
  const held = run.steps[`${step.target}/hold-access`];
  if (held?.phase !== "done") return false;
  return Object.entries(run.steps).some(([id, { phase, before }]) => {
    const begun = id.endsWith("/renew-rancher") && phase === "done" ? beforeSchema.safeParse(before) : undefined;
    return begun?.success === true && begun.data.at > held.at;
  });
}

async function hasDeployment({ management, plan }: StepContext): Promise<boolean> {
  return (await management.get(deployments(plan.rancher.namespace), plan.rancher.deployment)) !== undefined;
}

async function observeNamed(context: StepContext, place: RancherContainerPlace): Promise<Observation<Before>> {
  const container = await lookAtContainer(place);
  const obstacle = restartObstacle(place, container);
  if (obstacle !== undefined) return { kind: "blocked", by: obstacle };
  const change = await otherBundleInFile(context, place);
  if (change !== undefined) return { kind: "blocked", by: change };
  return { kind: "todo", before: { at: context.now().toISOString(), startedAt: container.startedAt } };
}

async function verifyContainer(context: StepContext, startedAt: string): Promise<Verification> {
  const place = containerOf(context);
  const container = await lookAtContainer(place);
  const obstacle = restartObstacle(place, container);
  if (obstacle !== undefined) return { kind: "blocked", by: obstacle };
  if (container.startedAt !== startedAt) {
    await awaitAnswers(context);
    return { kind: "verified", evidence: [] };
  }
  const why = `container ${container.name} was not started anew`;
  return { kind: "blocked", by: { why, hint: "Look at its engine, and apply again." } };
}

function containerOf({ plan: { rancher } }: StepContext): RancherContainerPlace {
  if (rancher.inContainer !== undefined) return rancher.inContainer;
  throw new FarrierError(
    "plan.invalid",
    "The journal tells of a container's restart, and the plan names no container.",
  );
}

/** Nobody has named the container of a Rancher that has no pods: a person restarts the container, and apply goes on when that shows. */
async function observeContainer(context: StepContext) {
  const why = await silentStream(context);
  if (why === undefined) return { kind: "done", evidence: [] } as const;
  const hint = "Rancher runs in no Deployment: restart its container (docker restart), and apply again.";
  return { kind: "blocked", by: { why, hint } } as const;
}

/** A restart serves what the Secret holds: where that is not what is served, it would be half a rotation. */
async function otherBundle(context: StepContext): Promise<Obstruction | undefined> {
  return (await isServed(context, await writtenBundle(context))) ? undefined : halfRotation("Rancher's Secret");
}

async function otherBundleInFile(context: StepContext, place: RancherContainerPlace): Promise<Obstruction | undefined> {
  const holder = "The file cacerts.pem of Rancher's container";
  return (await isServed(context, await bundleAtNextStart(place))) ? undefined : halfRotation(holder);
}

/** @throws FarrierError `step.conflict` */
function refuseOtherBundle(change: Obstruction | undefined): void {
  if (change !== undefined) throw new FarrierError("step.conflict", `${change.why}.`, { hint: change.hint });
}

/** @param written what its next start would serve; undefined where that cannot be another bundle */
async function isServed({ world, signal }: StepContext, written: string | undefined): Promise<boolean> {
  return written === undefined || pinOfFile(written) === pinOf((await world.rancher.cacerts(signal)).value);
}

function halfRotation(holder: string): Obstruction {
  const why = `${holder} holds another bundle than Rancher serves, and its restart would serve that`;
  return { why, hint: "That is a rotation's business: see farrier check." };
}
