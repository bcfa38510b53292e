import type { Plan, RefreshedCluster, Step } from "../plan.ts";
import { restartRancher } from "./commands.ts";
import { called } from "./context.ts";

/** `<cluster>/renew-rancher`: Rancher 2.1 goes by copies of cluster objects for logs and shells until it starts anew. */
export function renewRancher(cluster: RefreshedCluster, { rancher }: Pick<Plan, "rancher">): Step {
  const { namespace, inContainer } = rancher;
  const step = {
    id: `${cluster.id}/renew-rancher`,
    kind: "renew-rancher",
    target: cluster.id,
    undo: { kind: "nothing-to-undo" },
  } as const;
  const why = `this version keeps a copy of ${called(cluster)}, by which logs and shells go`;
  if (inContainer !== undefined) {
    const { name } = inContainer.container;
    const commands = [`docker restart --time 60 ${name}`];
    return { ...step, says: `Restart container ${name}: ${why}.`, manual: { row: "M2.10", commands }, permissions: [] };
  }
  return {
    ...step,
    says: `Restart Rancher pod by pod: ${why}.`,
    manual: { row: "M2.10", commands: restartRancher({ rancher }) },
    permissions: [
      `get deployments.apps ${namespace}`,
      `get secrets ${namespace}`,
      `list pods ${namespace}`,
      `delete pods ${namespace}`,
      `watch pods ${namespace}`,
    ],
  };
}
