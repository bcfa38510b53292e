import type { Epoch, Step } from "../plan.ts";
import { agentsBundle, downstream, onAgent } from "./commands.ts";
import { called, type StepCluster, type StepContext } from "./context.ts";

/** `<cluster>/restart-agent@<epoch>`: a canary proves that a fresh start accepts the certificate that is presented now. */
export function restartAgent(context: StepContext, cluster: StepCluster, epoch: Epoch): Step {
  const kubectl = downstream(context, cluster);
  return {
    id: `${cluster.id}/restart-agent@${epoch.name}`,
    kind: "restart-agent",
    target: cluster.id,
    epoch: epoch.name,
    says: `Restart the agent of ${called(cluster)} and see it connect to the certificate that is presented now.`,
    manual: {
      row: "M1.9",
      commands: [
        agentsBundle(),
        "# Safe only while the Deployment's pin is that of the served bundle.",
        `${onAgent(kubectl, "rollout restart")}`,
        `kubectl get clusters.management.cattle.io ${cluster.id} -o jsonpath='{.status.conditions[?(@.type=="Connected")].status}'`,
      ],
    },
    permissions: [
      `patch deployments.apps cattle-system in ${cluster.id}`,
      `list pods cattle-system in ${cluster.id}`,
      "get clusters.management.cattle.io",
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
