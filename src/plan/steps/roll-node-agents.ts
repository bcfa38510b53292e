import type { Epoch, Step } from "../plan.ts";
import { agentsBundle, downstream, NODE_AGENT_PODS, nodePinPatch, onNodeAgents, pinCalled } from "./commands.ts";
import { bundleCalled, called, type StepCluster, type StepContext } from "./context.ts";

/**
 * `<cluster>/roll-node-agents@<epoch>`: node by node, the node agent starts with the bundle that is served. Where a node's
 * does not come back, the others stay as they are.
 */
export function rollNodeAgents(context: StepContext, cluster: StepCluster, epoch: Epoch): Step {
  const kubectl = downstream(context, cluster);
  const patch = nodePinPatch(epoch.pin, context.armingMinReadySeconds);
  return {
    id: `${cluster.id}/roll-node-agents@${epoch.name}`,
    kind: "roll-node-agents",
    target: cluster.id,
    epoch: epoch.name,
    says: `Restart the node agents of ${called(cluster)} with the ${bundleCalled(epoch)}, one node after the other.`,
    manual: {
      row: "M1.11",
      commands: [
        agentsBundle(),
        "# Only where a DaemonSet does not carry the pin yet:",
        `${onNodeAgents(kubectl, "patch")} --type=strategic -p '${patch}'`,
        `# Delete one pod with another than ${pinCalled(epoch)}, wait until its node has a Ready one, then the next:`,
        `${kubectl} ${NODE_AGENT_PODS}`,
      ],
    },
    permissions: [
      `list daemonsets.apps cattle-system in ${cluster.id}`,
      `patch daemonsets.apps cattle-system in ${cluster.id}`,
      `list pods cattle-system in ${cluster.id}`,
      `delete pods cattle-system in ${cluster.id}`,
    ],
    undo: { kind: "planned", how: "A rollback moves them to the bundle of the beginning in the same way." },
  };
}
