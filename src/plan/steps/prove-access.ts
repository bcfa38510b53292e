import type { RefreshedCluster, Step } from "../plan.ts";
import type { StepContext } from "./context.ts";
import { called } from "./context.ts";

/** `<cluster>/prove-access`: the cluster is Ready, and what a person does through Rancher works: requests, logs and shells. */
export function proveAccess({ estate }: Pick<StepContext, "estate">, cluster: RefreshedCluster): Step {
  const { id } = cluster;
  return {
    id: `${id}/prove-access`,
    kind: "prove-access",
    target: id,
    says: `See ${called(cluster)} Ready, a request through Rancher answered by it, its agent's log followed and a command run beside its agent.`,
    manual: {
      row: "M2.4, M2.10",
      commands: [
        `kubectl get clusters.management.cattle.io ${id} -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}'`,
        `curl -fsS --cacert agents.pem -H "Authorization: Bearer $RANCHER_TOKEN" '${estate.serverUrl}/k8s/clusters/${id}/api/v1/namespaces/kube-system'`,
        `curl -fsSN --max-time 10 --cacert agents.pem -H "Authorization: Bearer $RANCHER_TOKEN" '${estate.serverUrl}/k8s/clusters/${id}/api/v1/namespaces/cattle-system/pods/cattle-cluster-agent-xxxxx/log?follow=true&tailLines=1'`,
        `kubectl --server='${estate.serverUrl}/k8s/clusters/${id}' --certificate-authority=agents.pem --token="$RANCHER_TOKEN" -n cattle-system exec deploy/cattle-cluster-agent -- echo farrier`,
      ],
    },
    permissions: [
      "watch clusters.management.cattle.io",
      `get namespaces in ${id}`,
      `get pods cattle-system in ${id}`,
      `get pods/log cattle-system in ${id}`,
      `get pods/exec cattle-system in ${id}`,
      `create pods/exec cattle-system in ${id}`,
    ],
    undo: { kind: "nothing-to-undo" },
  };
}
