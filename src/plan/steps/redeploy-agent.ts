import type { Epoch, Step } from "../plan.ts";
import { AGENT_PODS, agentsBundle, downstream } from "./commands.ts";
import { bundleCalled, called, type StepCluster, type StepContext } from "./context.ts";

/**
 * `<cluster>/redeploy-agent@<epoch>`: Rancher applies its own manifest again, which carries the pin of what it serves.
 * Rancher ≥ 2.3.2; needs a live tunnel.
 */
export function redeployAgent(context: StepContext, cluster: StepCluster, epoch: Epoch): Step {
  return {
    id: `${cluster.id}/redeploy-agent@${epoch.name}`,
    kind: "redeploy-agent",
    target: cluster.id,
    epoch: epoch.name,
    says: `Have Rancher redeploy the agent of ${called(cluster)} with the ${bundleCalled(epoch)}.`,
    manual: {
      row: "M1.10",
      commands: [
        agentsBundle(),
        "# The manual's patch of status.agentImage does nothing since Rancher 2.15; the annotation works in all versions.",
        `kubectl annotate clusters.management.cattle.io ${cluster.id} io.cattle.agent.force.deploy=true --overwrite`,
        '# Rancher sets it back to "false" when it has applied the manifest.',
        `kubectl get clusters.management.cattle.io ${cluster.id} -o jsonpath='{.metadata.annotations.io\\.cattle\\.agent\\.force\\.deploy}'`,
        `${downstream(context, cluster)} ${AGENT_PODS}`,
      ],
    },
    permissions: ["get clusters.management.cattle.io", "patch clusters.management.cattle.io"],
    undo: { kind: "planned", how: "A rollback has Rancher redeploy it once the earlier bundle is served again." },
  };
}
