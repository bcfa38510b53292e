/** Rancher's own redeploy of a cluster's agent; it needs a live tunnel. */

import { ApiError } from "../kubernetes/api-error.ts";
import { managementClusters } from "../kubernetes/resource.ts";
import { usesSystemStore } from "../plan/system-store.ts";
import { FORCE_DEPLOY_ANNOTATION } from "../rancher/management-cluster.ts";
import { servesBundle } from "./served-bundle.ts";
import { epochOf, type StepContext } from "./step-action.ts";

const PICK_UP_MS = 60_000;
/** How long a Rancher that does not answer is asked what it serves. */
const SERVED_MS = 2_000;

/**
 * Where the account may not set a pin, Rancher can: it applies that of what it serves, to all of the cluster's agents.
 * @param error why it was not set
 * @throws the error itself where it is another, or where Rancher serves something else than the step's bundle: its redeploy
 *   would give back a pin to agents that have let go of theirs already
 */
export async function redeployInstead(context: StepContext, error: unknown): Promise<void> {
  const isForbidden = error instanceof ApiError && error.status === 403;
  if (!isForbidden || !(await servesOwnBundle(context))) throw error;
  await forceDeploy(context);
}

/** Agents roll over to a bundle once it is served; only to none they do so before. */
async function servesOwnBundle(context: StepContext): Promise<boolean> {
  const epoch = epochOf(context);
  return !usesSystemStore(epoch) || (await servesBundle(context, epoch.bundle, { times: 1, patienceMs: SERVED_MS }));
}

/** Asks for the redeploy and waits until Rancher has carried it out. */
export async function forceDeploy(context: StepContext): Promise<void> {
  const { management, step } = context;
  await management.patch(managementClusters, step.target, {
    kind: "merge",
    body: { metadata: { annotations: { [FORCE_DEPLOY_ANNOTATION]: "true" } } },
  });
  try {
    await management.watchUntil(
      managementClusters,
      { name: step.target },
      ([cluster]) => (cluster?.metadata.annotations?.[FORCE_DEPLOY_ANNOTATION] === "true" ? undefined : true),
      { deadlineMs: Math.min(PICK_UP_MS, context.remainingMs()), signal: context.signal },
    );
  } catch (error) {
    // Rancher carries it out as soon as the tunnel is back; whoever waits for the agent sees it then.
    if (!(error instanceof ApiError) || error.kind !== "deadline") throw error;
  }
}
