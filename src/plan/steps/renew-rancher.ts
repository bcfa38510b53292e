import type { Plan, RefreshedCluster, Step } from "../plan.ts";
import { restartRancher } from "./commands.ts";
import { called } from "./context.ts";

/** `<cluster>/renew-rancher`: Rancher 2.1 goes by copies of cluster objects for logs and shells until it starts anew. */
export function renewRancher(cluster: RefreshedCluster, { rancher }: Pick<Plan, "rancher">): Step {
  const { namespace } = rancher;
  return {
    id: `${cluster.id}/renew-rancher`,
    kind: "renew-rancher",
    target: cluster.id,
    says: `Restart Rancher pod by pod: this version keeps a copy of ${called(cluster)}, by which logs and shells go.`,
    manual: { row: "M2.10", commands: restartRancher({ rancher }) },
    permissions: [
      `get deployments.apps ${namespace}`,
      `get secrets ${namespace}`,
      `list pods ${namespace}`,
      `delete pods ${namespace}`,
      `watch pods ${namespace}`,
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
