import type { NodeAgentBefore } from "../../estate/node-agent.ts";
import type { Step } from "../plan.ts";
import { agentsBundle, downstream } from "./commands.ts";
import { called, type StepCluster, type StepContext } from "./context.ts";

/**
 * `<cluster>/settle-node-agents`: the DaemonSets' strategies as they were before anything was armed. No pod restarts for it.
 * @param before as far as the plan knows it; the journal has the rest
 */
export function settleNodeAgents(context: StepContext, cluster: StepCluster, before: readonly NodeAgentBefore[]): Step {
  const kubectl = downstream(context, cluster);
  return {
    id: `${cluster.id}/settle-node-agents`,
    kind: "settle-node-agents",
    target: cluster.id,
    says: `Set the update strategy of the node agents of ${called(cluster)} back to what it was.`,
    manual: {
      row: "M1.11",
      commands: [
        agentsBundle(),
        ...before.map(
          ({ name, updateStrategy, minReadySeconds }) =>
            `${kubectl} -n cattle-system patch daemonset/${name} --type=merge -p '${JSON.stringify({ spec: { updateStrategy, minReadySeconds } })}'`,
        ),
      ],
    },
    permissions: [
      `list daemonsets.apps cattle-system in ${cluster.id}`,
      `patch daemonsets.apps cattle-system in ${cluster.id}`,
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
