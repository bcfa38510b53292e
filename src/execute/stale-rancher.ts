/** A Rancher that started from a stale Secret, whose old bundle it has written back into its setting. */
import { settingValueOf } from "../pki/pin.ts";
import { replicaBundle } from "../rancher/replica-bundle.ts";
import { pauseFor } from "./pause-for.ts";
import { type RancherPod, type RancherShape, rancherPods } from "./rancher-pods.ts";
import { servesBundle } from "./served-bundle.ts";
import type { StepContext } from "./step-action.ts";

/** How long an answer may lag behind: a replica believes its memory of a setting until it notices the change. */
const LAG_MS = 20_000;
const LOOK_MS = 200;
/** So often its pods are started again. */
const ROUNDS = 6;

export interface ServedQuestion {
  readonly bundle: string;
  readonly shape: RancherShape;
  /** Rancher's Secret holds another bundle now: starting it again would not help. */
  readonly spoilt: () => Promise<boolean>;
}

/**
 * Waits until every replica serves the bundle, and starts again the pods that don't. Where pods cannot be asked one by
 * one (no permission for the API server's proxy), it is all of them, one after the other.
 * @param renew deletes a pod, and waits for the one in its place
 * @returns whether it is served in the end
 */
export async function renewedUntilServed(
  context: StepContext,
  { bundle, shape, spoilt }: ServedQuestion,
  renew: (pod: RancherPod) => Promise<void>,
): Promise<boolean> {
  const times = shape.replicas * 2 + 1;
  for (let round = 0; round < ROUNDS; round++) {
    const served = await servesBundle(context, bundle, { times, patienceMs: LAG_MS });
    const behind = await replicasBehind(context, shape, bundle);
    if (served && behind.length === 0) return true;
    if (await spoilt()) return false;
    for (const pod of behind.length > 0 ? behind : await rancherPods(context, shape)) await renew(pod);
  }
  return false;
}

/** The pods that give another bundle themselves, once they have had the time to notice the change of a setting. */
async function replicasBehind(context: StepContext, shape: RancherShape, bundle: string): Promise<RancherPod[]> {
  const expected = settingValueOf(bundle);
  for (const end = Date.now() + Math.min(LAG_MS, context.remainingMs()); ; ) {
    const all = await rancherPods(context, shape);
    const values = await Promise.all(
      all.map(({ name }) => replicaBundle(context.management, context.plan.rancher.namespace, name)),
    );
    const behind = all.filter((_, index) => values[index] !== undefined && values[index] !== expected);
    if (behind.length === 0 || Date.now() > end) return behind;
    await pauseFor(LOOK_MS, context.signal);
  }
}

/** What to do about a Rancher that stays with the old bundle. */
export const STALE_HINT =
  "Look at Rancher's log for `failed to setup TLS listener`, and at who else writes the setting cacerts.";
