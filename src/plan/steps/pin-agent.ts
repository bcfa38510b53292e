import type { Epoch, RefreshedCluster, Step } from "../plan.ts";
import { AGENT_PODS, onAgent, pinPatch } from "./commands.ts";
import { called } from "./context.ts";
import { ownKubectl } from "./own-kubectl.ts";

/**
 * `<cluster>/pin-agent@<epoch>`: Rancher's bundle has changed as well as the cluster's keys, and the agent pins the one of
 * before. It gets the served one's pin first: started anew for its keys, it would not come back.
 */
export function pinAgent(cluster: RefreshedCluster, epoch: Epoch): Step {
  const { id } = cluster;
  const kubectl = ownKubectl(cluster);
  return {
    id: `${id}/pin-agent@${epoch.name}`,
    kind: "pin-agent",
    target: id,
    epoch: epoch.name,
    says: `Give the agent of ${called(cluster)} the pin of the bundle that Rancher serves, before it is started anew for the cluster's own keys.`,
    manual: {
      row: "M1.11",
      commands: [
        `${onAgent(kubectl, "patch")} --type=strategic -p '${pinPatch(epoch.pin)}'`,
        `${onAgent(kubectl, "rollout status")} --timeout=10m`,
        `${kubectl} ${AGENT_PODS}`,
      ],
    },
    permissions: [
      `get deployments.apps cattle-system in ${id}`,
      `patch deployments.apps cattle-system in ${id}`,
      `watch deployments.apps cattle-system in ${id}`,
      `watch pods cattle-system in ${id}`,
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
