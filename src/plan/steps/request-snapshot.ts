import type { ClusterObjectSnapshot } from "../estate-backup.ts";
import type { Step } from "../plan.ts";
import { quoted } from "../shell-word.ts";

/** `rotation/request-snapshot`: the Rancher that provisioned this cluster has its etcd saved, before anything is touched. */
export function requestSnapshot({ cluster, kubeconfig, context, nodes }: ClusterObjectSnapshot): Step {
  const { namespace, name } = cluster;
  const there = `kubectl --kubeconfig ${quoted(kubeconfig)} --context ${quoted(context)} -n ${namespace}`;
  const field = "{.spec.rkeConfig.etcdSnapshotCreate.generation}";
  return {
    id: "rotation/request-snapshot",
    kind: "request-snapshot",
    target: "rotation",
    says: `Have the Rancher that provisioned this cluster as ${namespace}/${name} save its etcd, and see a snapshot that it calls successful for each of ${nodes.join(", ")}.`,
    manual: {
      row: "M2.2",
      commands: [
        `generation=$(${there} get clusters.provisioning.cattle.io ${name} -o jsonpath='${field}')`,
        `${there} patch clusters.provisioning.cattle.io ${name} --type merge -p "{\\"spec\\":{\\"rkeConfig\\":{\\"etcdSnapshotCreate\\":{\\"generation\\":$((generation + 1))}}}}"`,
        `${there} wait --for=jsonpath='{.status.etcdSnapshotCreatePhase}'=Finished --timeout=30m rkecontrolplanes.rke.cattle.io/${name}`,
        `${there} get etcdsnapshots.rke.cattle.io -l rke.cattle.io/cluster-name=${name} -o custom-columns='NODE:.snapshotFile.nodeName,AT:.snapshotFile.createdAt,SIZE:.snapshotFile.size,STATUS:.snapshotFile.status,SAYS:.snapshotFile.message'`,
      ],
    },
    // Of this estate; in the other Rancher's it reads and patches that cluster's objects.
    permissions: [],
    undo: { kind: "nothing-to-undo" },
  };
}
