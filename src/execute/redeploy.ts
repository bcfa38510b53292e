/** Rancher's own redeploy of a cluster's agent; it needs a live tunnel. */

import { ApiError } from "../kubernetes/api-error.ts";
import { managementClusters } from "../kubernetes/resource.ts";
import { FORCE_DEPLOY_ANNOTATION } from "../rancher/management-cluster.ts";
import type { StepContext } from "./step-action.ts";

const PICK_UP_MS = 60_000;

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
