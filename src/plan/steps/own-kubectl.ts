/** `kubectl` on a cluster's own API server, past Rancher: for commands that a person would run by hand. */
import type { RefreshedCluster } from "../plan.ts";
import { quoted } from "../shell-word.ts";

/** With the kubeconfig and the context that the plan names, or with that of the node which it names, in OWN_KUBECONFIG. */
export function ownKubectl({ reach }: Pick<RefreshedCluster, "reach">): string {
  if ("ssh" in reach) return `kubectl --kubeconfig="$OWN_KUBECONFIG"`;
  return `kubectl --kubeconfig=${quoted(reach.kubeconfig)} --context=${quoted(reach.context)}`;
}

/** Says of every token in a namespace whether the cluster accepts it; 401 is a refusal. */
export function tryTokens(cluster: Pick<RefreshedCluster, "reach">, namespace: string, account: string): string[] {
  const kubectl = ownKubectl(cluster);
  const { reach } = cluster;
  // On the node it is an address of the node's own.
  const server =
    "ssh" in reach
      ? `"$(${kubectl} config view --minify -o jsonpath='{.clusters[0].cluster.server}')"`
      : quoted(reach.server.replace(/\/$/, ""));
  return [
    `${kubectl} config view --minify --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > own-ca.pem`,
    `for secret in $(${kubectl} -n ${namespace} get secret --field-selector type=kubernetes.io/service-account-token -o name | grep ${account}); do
  token=$(${kubectl} -n ${namespace} get "$secret" -o jsonpath='{.data.token}' | base64 -d)
  curl -sS -o /dev/null -w "$secret %{http_code}\\n" --cacert own-ca.pem -H "Authorization: Bearer $token" ${server}/api/v1/namespaces/kube-system
done`,
  ];
}
