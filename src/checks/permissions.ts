/** May Farrier's account do what a rotation does? */
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

const UNASKED_REPLICAS = {
  severity: "warning",
  hint: "Without it, Rancher's replicas are asked through the ingress alone, and one that is behind cannot be named.",
} as const;

export function permissions({ estate }: CheckInput): Finding[] {
  const management = estate.access.permissions
    .filter(({ allowed }) => allowed === "no")
    .map(({ permission }) => {
      const sentence = `The kubeconfig's account may not: ${permission}.`;
      // Without it Rancher is asked again and again through its ingress, which is believed a little less.
      const override = permission.startsWith("get pods/proxy") ? UNASKED_REPLICAS : {};
      return finding("permission.missing", "management cluster", sentence, override);
    });
  const nodes = downstreamClusters(estate).flatMap((cluster) => {
    if (cluster.permissions.patchNodeAgents !== "no") return [];
    const sentence = "The account may not: patch daemonsets.apps cattle-system. Its node agents cannot be armed.";
    return [finding("permission.missing-in-cluster", clusterTarget(cluster), sentence)];
  });
  const downstream = downstreamClusters(estate).flatMap((cluster) => {
    // Of an account that the configuration names for the cluster, `reach.may-not` tells.
    if (cluster.reach !== "rancher") return [];
    const { patchAgent, deletePods, listPods } = cluster.permissions;
    const missing = [
      ...(patchAgent === "no" ? ["patch deployments.apps cattle-system"] : []),
      ...(deletePods === "no" ? ["delete pods cattle-system"] : []),
      ...(listPods === "no" ? ["list pods cattle-system"] : []),
    ];
    if (missing.length === 0) return [];
    const sentence = `The token's account may not: ${missing.join(", ")}. Its agent cannot be armed.`;
    return [finding("permission.missing-in-cluster", clusterTarget(cluster), sentence)];
  });
  return [...management, ...downstream, ...nodes];
}
