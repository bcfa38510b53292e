import type { Epoch, Step } from "../plan.ts";
import { AGENT_PODS, agentsBundle, downstream, onAgent, pinPatch } from "./commands.ts";
import { bundleCalled, called, type StepCluster, type StepContext } from "./context.ts";

/**
 * `<cluster>/arm-agent@<epoch>`: the agent's Deployment straddles the served bundle and the epoch's. The old pod serves
 * on; a new one waits until the epoch's bundle is served.
 */
export function armAgent(context: StepContext, cluster: StepCluster, epoch: Epoch): Step {
  const kubectl = downstream(context, cluster);
  const patch = pinPatch(epoch.pin, context.armingMinReadySeconds);
  return {
    id: `${cluster.id}/arm-agent@${epoch.name}`,
    kind: "arm-agent",
    target: cluster.id,
    epoch: epoch.name,
    says: `Arm the agent of ${called(cluster)} for the ${bundleCalled(epoch)}, while it goes on under the one that is served.`,
    manual: {
      row: "M1.11",
      commands: [
        agentsBundle(),
        "# Pin and minReadySeconds in one patch: the pin alone ends the working pod within seconds.",
        `${onAgent(kubectl, "patch")} --type=strategic -p '${patch}'`,
        "# Expect the old pod Ready, and one new pod that has restarted at least once.",
        `${kubectl} ${AGENT_PODS}`,
      ],
    },
    permissions: [
      `get deployments.apps cattle-system in ${cluster.id}`,
      `patch deployments.apps cattle-system in ${cluster.id}`,
      `list pods cattle-system in ${cluster.id}`,
    ],
    undo: { kind: "planned", how: "A rollback sets the pin of the served bundle and minReadySeconds back." },
  };
}
