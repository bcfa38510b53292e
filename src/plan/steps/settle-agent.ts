import type { Step } from "../plan.ts";
import { agentsBundle, downstream, onAgent } from "./commands.ts";
import { called, type StepCluster, type StepContext } from "./context.ts";

/** `<cluster>/settle-agent`: `minReadySeconds` as it was before anything was armed. No pod restarts for it. */
export function settleAgent(context: StepContext, cluster: StepCluster, minReadySecondsBefore: number): Step {
  return {
    id: `${cluster.id}/settle-agent`,
    kind: "settle-agent",
    target: cluster.id,
    says: `Set minReadySeconds of the agent of ${called(cluster)} back to ${minReadySecondsBefore}.`,
    manual: {
      row: "M1.11",
      commands: [
        agentsBundle(),
        `${onAgent(downstream(context, cluster), "patch")} --type=merge -p '{"spec":{"minReadySeconds":${minReadySecondsBefore}}}'`,
      ],
    },
    permissions: [
      `get deployments.apps cattle-system in ${cluster.id}`,
      `patch deployments.apps cattle-system in ${cluster.id}`,
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
