/**
 * Makes Rancher serve an epoch's bundle: writes Secret `tls-ca` and restarts Rancher, which reads it only when it
 * starts. The two are one unit: there is no pause between them, and going on after a crash completes it first.
 */
import { z } from "zod";
import {
  awaitRestart,
  deleteRancherPod,
  type RancherShape,
  rancherPods,
  rancherShape,
  restartRancher,
} from "../rancher-pods.ts";
import { changeSecret, readSecretValues } from "../secret-change.ts";
import { servesBundle } from "../served-bundle.ts";
import { epochOf, erased, type StepContext, type Verification } from "../step-action.ts";

const BUNDLE_KEY = "cacerts.pem";

const beforeSchema = z.object({
  /** `tls-ca` as it was; certificates only, no secret. */
  bundle: z.string(),
  /** The time that the restart carries, chosen before it. */
  restartAt: z.string(),
});
type Before = z.infer<typeof beforeSchema>;

/** How long an answer may lag behind: a replica believes its memory of a setting until it notices the change. */
const LAG_MS = 20_000;
/** A Rancher that started from a stale Secret writes the old bundle back; so often its pods are started again. */
const ROUNDS = 6;

export const serveBundle = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 1200,

  async observe(context) {
    const { management, plan } = context;
    const values = await readSecretValues(management, plan.rancher.namespace, plan.rancher.trustSecret);
    const present = values?.[BUNDLE_KEY];
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
      values: { [BUNDLE_KEY]: epochOf(context).bundle },
      expected: (values) => values[BUNDLE_KEY] === before.bundle,
    });
    await restartRancher(context, before.restartAt);
  },

  async verify(context, before): Promise<Verification> {
    const shape = await rancherShape(context);
    await awaitRestart(context, shape, before.restartAt);
    for (let round = 0; round < ROUNDS; round++) {
      const times = shape.replicas * 2 + 1;
      if (await servesBundle(context, epochOf(context).bundle, { times, patienceMs: LAG_MS })) {
        return { kind: "verified", evidence: [] };
      }
      await startAgain(context, shape, before);
    }
    return {
      kind: "blocked",
      by: {
        why: "Rancher does not serve the bundle that is in its Secret, although its pods were started after it was written",
        hint: "Look at Rancher's log for `failed to setup TLS listener`, and at who else writes the setting cacerts.",
      },
    };
  },
});

/** Whether the Secret holds the epoch's bundle already: from then on any restart of Rancher serves it. */
export async function isBundleWritten(context: Pick<StepContext, "management" | "plan" | "step">): Promise<boolean> {
  const { namespace, trustSecret } = context.plan.rancher;
  const values = await readSecretValues(context.management, namespace, trustSecret);
  return values?.[BUNDLE_KEY] === epochOf(context).bundle;
}

/** One pod after the other: the pod that wrote the old bundle back cannot be told from outside. */
async function startAgain(context: StepContext, shape: RancherShape, before: Before): Promise<void> {
  const stale = await rancherPods(context, shape);
  for (const { name, uid } of stale) {
    await deleteRancherPod(context, { name, uid });
    await awaitRestart(context, shape, before.restartAt, (pod) => pod.uid !== uid);
  }
}
