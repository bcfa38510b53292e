import type { Epoch, Step } from "../plan.ts";
import { agentsBundle, downstream, NODE_AGENT_PODS, nodePinPatch, onNodeAgents } from "./commands.ts";
import { bundleCalled, called, type StepCluster, type StepContext } from "./context.ts";

/**
 * `<cluster>/arm-node-agents@<epoch>`: the DaemonSets of its node agents get the epoch's pin and are updated `OnDelete`:
 * every running pod goes on under the bundle that is served until its turn comes.
 */
export function armNodeAgents(context: StepContext, cluster: StepCluster, epoch: Epoch): Step {
  const kubectl = downstream(context, cluster);
  const patch = nodePinPatch(epoch.pin, context.armingMinReadySeconds);
  return {
    id: `${cluster.id}/arm-node-agents@${epoch.name}`,
    kind: "arm-node-agents",
    target: cluster.id,
    epoch: epoch.name,
    says: `Give the node agents of ${called(cluster)} the pin of the ${bundleCalled(epoch)}, OnDelete, so that their pods go on.`,
    manual: {
      row: "M1.11",
      commands: [
        agentsBundle(),
        "# Note the strategy: it is put back in the end. The same for cattle-node-agent-windows, where there is one.",
        `${onNodeAgents(kubectl, "get")} -o jsonpath='{.spec.updateStrategy} {.spec.minReadySeconds}'`,
        "# Pin and strategy in one patch: the pin alone restarts the agents under a bundle that they refuse.",
        `${onNodeAgents(kubectl, "patch")} --type=strategic -p '${patch}'`,
        `${kubectl} ${NODE_AGENT_PODS}`,
      ],
    },
    permissions: [
      `list daemonsets.apps cattle-system in ${cluster.id}`,
      `patch daemonsets.apps cattle-system in ${cluster.id}`,
      `list pods cattle-system in ${cluster.id}`,
    ],
    undo: { kind: "planned", how: "A rollback sets the pin of the served bundle and the strategy back." },
  };
}
