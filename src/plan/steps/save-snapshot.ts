import { NODE_DIRECTORY } from "../estate-backup.ts";
import type { Plan, Step } from "../plan.ts";

type Snapshot = Extract<NonNullable<Plan["estateBackup"]>, { kind: "etcd-snapshot" }>;

/** `rotation/save-snapshot`: what runs etcd saves a snapshot of it, before anything is touched. */
export function saveSnapshot(planned: Snapshot): Step {
  const { by, name, nodes } = planned;
  const hosts = nodes.map(({ host }) => host).join(", ");
  const verified = "and verify there that it is whole: etcd's checksum at its end";
  const says =
    by === "rke"
      ? `Have rke save snapshot ${name} of etcd on ${hosts}, ${verified}.`
      : `Have ${by} save snapshot ${name} of etcd on ${hosts}, ${verified}.`;
  return {
    id: "rotation/save-snapshot",
    kind: "save-snapshot",
    target: "rotation",
    says,
    manual: {
      row: "M2.2",
      commands: [
        by === "rke"
          ? `rke etcd snapshot-save --name ${name} --config ${planned.clusterFile ?? "cluster.yml"}`
          : `ssh ${nodes[0]?.host ?? "NODE"} sudo ${by} etcd-snapshot save --name ${name}`,
        ...nodes.map(({ host }) => `ssh ${host} sudo ls -l ${planned.directory ?? NODE_DIRECTORY[by]}`),
      ],
    },
    permissions: [],
    undo: { kind: "nothing-to-undo" },
  };
}
