import type { RefreshedCluster, Step } from "../plan.ts";
import type { StepContext } from "./context.ts";
import { ownKubectl } from "./own-kubectl.ts";

/** `rotation/save-objects`: keeps every object that the plan touches, encrypted, before anything is touched. */
export function saveObjects(context: StepContext): Step {
  const { namespace, servingSecret, trustSecret, deployment } = context.rancher;
  return {
    id: "rotation/save-objects",
    kind: "save-objects",
    target: "rotation",
    says: "Save every object that the plan touches, encrypted.",
    manual: {
      row: "M1.2",
      commands: [
        "# The manual has no row for saving. A Secret's annotation last-applied-configuration repeats its key: encrypt the whole.",
        `kubectl -n ${namespace} get secret ${servingSecret} ${trustSecret} -o yaml | age -r "$AGE_RECIPIENT" > before.yaml.age`,
        `kubectl -n ${namespace} get deployment ${deployment} -o yaml > rancher-deployment.yaml`,
      ],
    },
    permissions: [`get secrets ${namespace}`, `get deployments.apps ${namespace}`],
    undo: { kind: "nothing-to-undo" },
  };
}

/** The same step of a refresh: Rancher's objects about the clusters, and the agent's inside them. */
export function saveRefreshed(clusters: readonly RefreshedCluster[]): Step {
  return {
    id: "rotation/save-objects",
    kind: "save-objects",
    target: "rotation",
    says: "Save what Rancher holds for the clusters and what its agents hold inside them, encrypted.",
    manual: {
      row: "M2.9",
      commands: [
        ...clusters.map(
          ({ id }) =>
            `kubectl get clusters.management.cattle.io ${id} -o yaml | age -r "$AGE_RECIPIENT" > ${id}.yaml.age`,
        ),
        'kubectl -n cattle-global-data get secrets -o yaml | age -r "$AGE_RECIPIENT" > tokens.yaml.age',
        ...clusters.map(
          (cluster) =>
            `${ownKubectl(cluster)} -n cattle-system get secrets,serviceaccounts,deployments,daemonsets -o yaml | age -r "$AGE_RECIPIENT" > ${cluster.id}-agent.yaml.age`,
        ),
      ],
    },
    permissions: [
      "get clusters.management.cattle.io",
      "list secrets cattle-global-data",
      ...clusters.map(({ id }) => `list secrets cattle-system in ${id}`),
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
