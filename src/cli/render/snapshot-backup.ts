import type { SnapshotBackup } from "../../execute/snapshot-backup.ts";
import { renderTable } from "./table.ts";

/** What was kept, and how it was verified. */
export function renderSnapshotBackup({ snapshot, status, sealed, madeAt }: SnapshotBackup): string {
  const read =
    status === undefined
      ? "etcd's checksum; etcdutl is not installed, so the database was not opened"
      : `etcd's checksum, and by etcdutl: ${status.totalKey} keys, revision ${status.revision}`;
  return renderTable(
    ["BACKUP", ""],
    [
      ["snapshot", `${snapshot.name}, ${snapshot.bytes} bytes`],
      ["kept", madeAt],
      ["verified by", read],
      ["archive", `${sealed.file}, encrypted`],
      ["SHA-256", sealed.sha256],
    ],
  );
}

/** By what runs etcd; each of them stops it first. */
export const HOW_TO_RESTORE = (file: string): string =>
  `K3s, RKE2: k3s|rke2 server --cluster-reset --cluster-reset-restore-path=${file} on one server, after stopping all.
RKE: put it into /opt/rke/etcd-snapshots of every etcd node, then rke etcd snapshot-restore --name NAME --config cluster.yml.
etcd by itself: etcdutl snapshot restore ${file} --data-dir NEW, for every member.
`;
