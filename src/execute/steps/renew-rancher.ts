/**
 * Restarts Rancher pod by pod where its version keeps copies of cluster objects in memory, so that logs and shells go by
 * what it holds for the refreshed cluster now. Clusters of one wave share a restart.
 */
import { z } from "zod";
import { deployments } from "../../kubernetes/resource.ts";
import { pinOf, pinOfFile } from "../../pki/pin.ts";
import { awaitRancher, deleteRancherPod, rancherPods, rancherShape } from "../rancher-pods.ts";
import { earlierFailure } from "../refreshed-cluster.ts";
import { erased, type Obstruction, type StepContext } from "../step-action.ts";
import { silentStream } from "../through-rancher.ts";
import { writtenBundle } from "./serve-bundle.ts";

const beforeSchema = z.object({
  at: z.string(),
  pods: z.array(z.object({ name: z.string(), uid: z.string() })),
});

export const renewRancher = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 900,

  async observe(context) {
    const failed = earlierFailure(context);
    if (failed !== undefined) return { kind: "blocked", by: failed };
    if (isRenewed(context)) return { kind: "done", evidence: [] };
    if (!(await hasDeployment(context))) return await observeContainer(context);
    const change = await otherBundle(context);
    if (change !== undefined) return { kind: "blocked", by: change };
    const pods = await rancherPods(context, await rancherShape(context));
    const before = { at: context.now().toISOString(), pods: pods.map(({ name, uid }) => ({ name, uid })) };
    return { kind: "todo", before };
  },

  async apply(context, before) {
    const shape = await rancherShape(context);
    for (const pod of before.pods) {
      await deleteRancherPod(context, pod);
      await awaitRancher(context, shape, ({ uid }) => uid !== pod.uid);
    }
  },

  async verify(context, before) {
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

/** Rancher in a single container has no pods: a person restarts the container, and apply goes on when that shows. */
async function observeContainer(context: StepContext) {
  const why = await silentStream(context);
  if (why === undefined) return { kind: "done", evidence: [] } as const;
  const hint = "Rancher runs in no Deployment: restart its container (docker restart), and apply again.";
  return { kind: "blocked", by: { why, hint } } as const;
}

/** A restart serves what the Secret holds: where that is not what is served, it would be half a rotation. */
async function otherBundle(context: StepContext): Promise<Obstruction | undefined> {
  const written = await writtenBundle(context);
  const served = pinOf((await context.world.rancher.cacerts(context.signal)).value);
  if (written === undefined || pinOfFile(written) === served) return undefined;
  const why = "Rancher's Secret holds another bundle than Rancher serves, and its restart would serve that";
  return { why, hint: "That is a rotation's business: see farrier check." };
}
