import type { RefreshedCluster, Step } from "../plan.ts";
import { called } from "./context.ts";
import { ownKubectl } from "./own-kubectl.ts";

/** `<cluster>/hold-access`: Rancher holds what the cluster has now; written only where it does not take it over itself. */
export function holdAccess(cluster: RefreshedCluster): Step {
  const { id } = cluster;
  const kubectl = ownKubectl(cluster);
  return {
    id: `${id}/hold-access`,
    kind: "hold-access",
    target: id,
    says: `Wait until Rancher holds the CA and a token of ${called(cluster)} as its agent reports them; write them if it does not.`,
    manual: {
      row: "M2.8, M2.9",
      commands: [
        `kubectl get clusters.management.cattle.io ${id} -o jsonpath='{.status.caCert}' | base64 -d | sha256sum`,
        `${kubectl} -n cattle-system get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}' | sha256sum`,
        `kubectl get clusters.management.cattle.io ${id} -o yaml > before.yaml`,
        "# Only if Rancher does not take them over. The token goes into the Secret decoded, the CA into the status as base64:",
        `kubectl -n cattle-global-data get secret "$(kubectl get clusters.management.cattle.io ${id} -o jsonpath='{.status.serviceAccountTokenSecret}')"`,
        `kubectl patch clusters.management.cattle.io ${id} --type=merge -p '{"status":{"caCert":"…","serviceAccountTokenSecret":"…"}}'  # Rancher ≥ 2.15: with --subresource=status`,
      ],
    },
    permissions: [
      "get clusters.management.cattle.io",
      "watch clusters.management.cattle.io",
      "patch clusters.management.cattle.io",
      "get secrets cattle-global-data",
      "create secrets cattle-global-data",
      `list secrets cattle-system in ${id}`,
    ],
    undo: { kind: "planned", how: "farrier restore puts back what Rancher held." },
  };
}
