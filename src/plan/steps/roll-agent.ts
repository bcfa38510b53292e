import type { Epoch, Step } from "../plan.ts";
import { AGENT_PODS, agentsBundle, downstream, onAgent, pinCalled, pinPatch } from "./commands.ts";
import { bundleCalled, called, type StepCluster, type StepContext } from "./context.ts";

/**
 * `<cluster>/roll-agent@<epoch>`: the agent ends up with the pin of the bundle that is served, and with that alone. An
 * armed agent does so by itself; deleting its waiting pod spares the back-off of up to five minutes. One that carries
 * another pin (it was never armed, or is armed for a bundle that will not come) gets the served one.
 */
export function rollAgent(context: StepContext, cluster: StepCluster, epoch: Epoch): Step {
  const kubectl = downstream(context, cluster);
  const patch = pinPatch(epoch.pin, context.armingMinReadySeconds);
  return {
    id: `${cluster.id}/roll-agent@${epoch.name}`,
    kind: "roll-agent",
    target: cluster.id,
    epoch: epoch.name,
    says: `Let the agent of ${called(cluster)} start with the ${bundleCalled(epoch)} and wait until no older pod is left.`,
    manual: {
      row: "M1.11",
      commands: [
        agentsBundle(),
        `${kubectl} ${AGENT_PODS}`,
        "# Only where the Deployment does not carry the pin yet:",
        `${onAgent(kubectl, "patch")} --type=strategic -p '${patch}'`,
        `# Delete the pod that waits with ${pinCalled(epoch)} (never one that is Ready), then wait:`,
        `${onAgent(kubectl, "rollout status")} --timeout=10m`,
      ],
    },
    permissions: [
      `get deployments.apps cattle-system in ${cluster.id}`,
      `patch deployments.apps cattle-system in ${cluster.id}`,
      `list pods cattle-system in ${cluster.id}`,
      `delete pods cattle-system in ${cluster.id}`,
    ],
    undo: { kind: "planned", how: "A rollback moves the agent to the bundle of the beginning in the same way." },
  };
}
