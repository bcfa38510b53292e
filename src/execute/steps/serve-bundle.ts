/**
 * Makes Rancher serve an epoch's bundle: writes Secret `tls-ca` and restarts Rancher, which reads it only when it
 * starts. The two are one unit: there is no pause between them, and going on after a crash completes it first.
 */
import { z } from "zod";
import type { Epoch } from "../../plan/plan.ts";
import { awaitRestart, deleteRancherPod, rancherShape, restartRancher } from "../rancher-pods.ts";
import { changeSecret, putBackBySomebody, readSecretValues } from "../secret-change.ts";
import { servesBundle } from "../served-bundle.ts";
import { renewedUntilServed, STALE_HINT } from "../stale-rancher.ts";
import { epochOf, erased, type StepContext, type Verification } from "../step-action.ts";

const BUNDLE_KEY = "cacerts.pem";

const beforeSchema = z.object({
  /** `tls-ca` as it was; certificates only, no secret. */
  bundle: z.string(),
  /** The time that the restart carries, chosen before it. */
  restartAt: z.string(),
});
type Before = z.infer<typeof beforeSchema>;

export const serveBundle = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 1200,

  async observe(context) {
    const { plan } = context;
    const present = await writtenBundle(context);
    if (present === undefined) {
      const place = `${plan.rancher.namespace}/${plan.rancher.trustSecret}`;
      return { kind: "blocked", by: { why: `Secret ${place} holds no ${BUNDLE_KEY}`, hint: "Make a new plan." } };
    }
    const { bundle } = epochOf(context);
    const times = (await rancherShape(context)).replicas * 2 + 1;
    if (present === bundle && (await servesBundle(context, bundle, { times, patienceMs: 0 }))) {
      return { kind: "done", evidence: [] };
    }
    // Whole seconds, as kubectl writes it.
    return { kind: "todo", before: { bundle: present, restartAt: context.now().toISOString().replace(/\.\d+/, "") } };
  },

  async apply(context, before) {
    const { management, plan } = context;
    // Written and not restarted is worse than either: what was begun is completed whatever the gate says now.
    if (!(await isBundleWritten(context))) await context.requireOpenGate();
    await changeSecret(management, {
      namespace: plan.rancher.namespace,
      name: plan.rancher.trustSecret,
      values: bundleValues(epochOf(context)),
      expected: (values) => values[BUNDLE_KEY] === before.bundle,
    });
    await restartRancher(context, before.restartAt);
  },

  async verify(context, before): Promise<Verification> {
    const shape = await rancherShape(context);
    await awaitRestart(context, shape, before.restartAt);
    const { bundle } = epochOf(context);
    const spoilt = async (): Promise<boolean> => !(await isBundleWritten(context));
    const isServed = await renewedUntilServed(context, { bundle, shape, spoilt }, async (pod) => {
      await deleteRancherPod(context, pod);
      await awaitRestart(context, shape, before.restartAt, ({ uid }) => uid !== pod.uid);
    });
    // Agents are still armed, so that either bundle keeps them: now is the time to notice who fights for the Secret.
    const putBack = await putBackBySomebody(context.management, {
      namespace: context.plan.rancher.namespace,
      name: context.plan.rancher.trustSecret,
      values: bundleValues(epochOf(context)),
    });
    if (putBack !== undefined) return { kind: "blocked", by: putBack };
    if (isServed) return { kind: "verified", evidence: [] };
    return {
      kind: "blocked",
      by: {
        why: "Rancher does not serve the bundle that is in its Secret, although its pods were started after it was written",
        hint: STALE_HINT,
      },
    };
  },
});

/** What Secret `tls-ca` holds while Rancher serves, or is about to serve, the epoch. */
export function bundleValues({ bundle }: Epoch): Readonly<Record<string, string>> {
  return { [BUNDLE_KEY]: bundle };
}

/** Whether the Secret holds the epoch's bundle already: from then on any restart of Rancher serves it. */
export async function isBundleWritten(context: Pick<StepContext, "management" | "plan" | "step">): Promise<boolean> {
  return (await writtenBundle(context)) === epochOf(context).bundle;
}

/** What Secret `tls-ca` holds; undefined when there is none. */
export async function writtenBundle({
  management,
  plan,
}: Pick<StepContext, "management" | "plan">): Promise<string | undefined> {
  const { namespace, trustSecret } = plan.rancher;
  return (await readSecretValues(management, namespace, trustSecret))?.[BUNDLE_KEY];
}
