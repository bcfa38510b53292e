/** A Rancher that started from a stale Secret, whose old bundle it has written back into its setting. */
import { type RancherPod, type RancherShape, rancherPods } from "./rancher-pods.ts";
import { servesBundle } from "./served-bundle.ts";
import type { StepContext } from "./step-action.ts";

/** How long an answer may lag behind: a replica believes its memory of a setting until it notices the change. */
const LAG_MS = 20_000;
/** So often its pods are started again. */
const ROUNDS = 6;

export interface ServedQuestion {
  readonly bundle: string;
  readonly shape: RancherShape;
  /** Rancher's Secret holds another bundle now: starting it again would not help. */
  readonly spoilt: () => Promise<boolean>;
}

/**
 * Waits until every replica serves the bundle; starts the pods again, one after the other, where they don't: the one
 * that wrote the old bundle back cannot be told from outside.
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
    if (await servesBundle(context, bundle, { times, patienceMs: LAG_MS })) return true;
    if (await spoilt()) return false;
    for (const pod of await rancherPods(context, shape)) await renew(pod);
  }
  return false;
}

/** What to do about a Rancher that stays with the old bundle. */
export const STALE_HINT =
  "Look at Rancher's log for `failed to setup TLS listener`, and at who else writes the setting cacerts.";
