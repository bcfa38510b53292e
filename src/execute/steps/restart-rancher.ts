/**
 * Restarts Rancher pod by pod, so that every agent must dial again and meet the new certificate, while one write still
 * undoes it. A cluster that does not come back undoes the switch.
 */
import { z } from "zod";
import { FarrierError } from "../../errors.ts";
import { pinOf } from "../../pki/pin.ts";
import { isInForce } from "../../plan/gates/hold.ts";
import { epochNamed } from "../../plan/reading.ts";
import {
  awaitRancher,
  deleteRancherPod,
  type RancherPod,
  type RancherShape,
  rancherPods,
  rancherShape,
} from "../rancher-pods.ts";
import { putBackBySomebody } from "../secret-change.ts";
import { answering, awaitSessions, sessionEvidence } from "../sessions.ts";
import { renewedUntilServed, STALE_HINT } from "../stale-rancher.ts";
import { erased, type StepContext, type Verification } from "../step-action.ts";
import { afterUndoing, undoSwitch } from "./present-certificate.ts";
import { bundleValues, writtenBundle } from "./serve-bundle.ts";

const beforeSchema = z.object({
  at: z.string(),
  pods: z.array(z.object({ name: z.string(), uid: z.string() })),
  /** Clusters whose tunnel worked before the restart: those must come back. */
  answering: z.array(z.string()),
});

/** Agents dial again within seconds; a slow one gets so long before the switch is undone. */
const PATIENCE_MS = 240_000;

export const restartRancherPods = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 900,

  async observe(context) {
    const [shape, answers] = await Promise.all([rancherShape(context), answering(context, clustersOf(context))]);
    const pods = (await rancherPods(context, shape)).map(({ name, uid }) => ({ name, uid }));
    return { kind: "todo", before: { at: context.now().toISOString(), pods, answering: answers } };
  },

  async apply(context, before) {
    const shape = await rancherShape(context);
    for (const pod of before.pods) {
      await requireBundle(context);
      await renew(context, shape, pod);
    }
  },

  async verify(context, before): Promise<Verification> {
    if (!(await servesWhatIsWritten(context))) {
      const why = `Rancher came back with another bundle than its Secret holds; ${afterUndoing(context)}`;
      return { kind: "blocked", by: { why, hint: STALE_HINT } };
    }
    const silent = await awaitSessions(context, before.answering, PATIENCE_MS);
    if (silent.length > 0) {
      const why = `${silent.join(", ")} did not come back under the new certificate; ${afterUndoing(context)}`;
      return { kind: "blocked", by: { why, hint: "Look at the agents' logs in those clusters." } };
    }
    const pin = pinOf((await context.world.rancher.cacerts(context.signal)).value);
    return { kind: "verified", evidence: before.answering.map((id) => sessionEvidence(context, id, pin, before.at)) };
  },

  undoStage: (context) => undoSwitch(context),
});

async function renew(context: StepContext, shape: RancherShape, old: Pick<RancherPod, "name" | "uid">): Promise<void> {
  await deleteRancherPod(context, old);
  await awaitRancher(context, shape, ({ uid }) => uid !== old.uid);
}

/** Where agents have no bundle from Rancher, there is nothing that it could put back. */
async function servesWhatIsWritten(context: StepContext): Promise<boolean> {
  const [shape, bundle] = await Promise.all([rancherShape(context), writtenBundle(context)]);
  if (bundle === undefined) return true;
  const spoilt = async (): Promise<boolean> => (await writtenBundle(context)) !== bundle;
  return await renewedUntilServed(context, { bundle, shape, spoilt }, (pod) => renew(context, shape, pod));
}

/**
 * A restart serves what the Secret holds at that moment: it must be the bundle that agents have.
 * @throws FarrierError `step.conflict` when somebody has put another there
 */
async function requireBundle({ management, plan }: StepContext): Promise<void> {
  const epoch = plan.stages.find(({ kind }) => kind === "switch")?.gateEpoch;
  if (epoch === undefined || (await writtenBundle({ management, plan })) === undefined) return;
  const { namespace, trustSecret: name } = plan.rancher;
  const putBack = await putBackBySomebody(management, {
    namespace,
    name,
    values: bundleValues(epochNamed(plan, epoch)),
  });
  if (putBack === undefined) return;
  throw new FarrierError("step.conflict", `Rancher is not restarted: ${putBack.why}.`, { hint: putBack.hint });
}

function clustersOf(context: StepContext): string[] {
  const waived = new Set(
    context.waivers.filter((waiver) => isInForce(waiver, context.now())).map(({ clusterId }) => clusterId),
  );
  const reached = context.plan.clusters.filter(({ id, reach }) => reach !== "none" && !waived.has(id));
  return reached.map(({ id }) => id);
}
