import { describe, expect, it } from "vitest";
import type { ContainerBackup } from "../../execute/container-backup.ts";
import type { Backup } from "../../execute/estate-backup.ts";
import type { SnapshotBackup } from "../../execute/snapshot-backup.ts";
import { renderBackup } from "./backup.ts";
import { renderContainerBackup, renderContainerRestore, renderSkipped } from "./container-backup.ts";
import { renderSnapshotBackup } from "./snapshot-backup.ts";

const sealed = { file: "backups/x.age", sha256: "5ea1ed", bytes: 2048 };

/** The lines of a table, without its columns' room. */
const lines = (text: string): string[] => text.split("\n").map((line) => line.trim().replaceAll(/ {2,}/g, " | "));

function container(bytes: number, more: Partial<ContainerBackup> = {}, files = 2): ContainerBackup {
  return {
    format: "farrier.container-backup/v1",
    madeAt: "2026-11-01T10:00:00.000Z",
    container: { id: "0123456789abcdef", name: "rancher", image: "rancher/rancher:v2.6.14", version: "v2.6.14" },
    copy: "stopped",
    data: { directory: "/var/lib/rancher", sha256: "da7a", files, bytes },
    sealed,
    ...more,
  };
}

describe("a backup of objects", () => {
  const made: Backup = {
    format: "farrier.backup/v1",
    madeAt: "2026-11-01T10:00:00.000Z",
    estate: { kubeSystemUid: "uid-1", serverUrl: "https://rancher.example.com" },
    unsaved: [],
    clusters: [
      { id: "local", name: "local", objects: 12 },
      { id: "c-1", name: "paris", objects: 5 },
    ],
    sealed,
  };

  it("is told cluster by cluster, with the sum and the file", () => {
    expect(lines(renderBackup(made))).toEqual([
      "CLUSTER | NAME | OBJECTS",
      "local | local | 12",
      "c-1 | paris | 5",
      "",
      "17 objects, encrypted, in backups/x.age",
      "",
    ]);
  });

  it("names what was not saved, and why", () => {
    const unsaved = [{ cluster: "c-2", what: "everything", why: "its tunnel does not answer" }];
    expect(lines(renderBackup({ ...made, unsaved })).slice(-3)).toEqual([
      "NOT SAVED IN | WHAT | WHY",
      "c-2 | everything | its tunnel does not answer",
      "",
    ]);
  });
});

describe("a copy of a container's data", () => {
  const sizes: [number, string][] = [
    [0, "0 bytes"],
    [1023, "1023 bytes"],
    [1024, "1.0 KiB"],
    [1024 * 1024 - 1, "1024.0 KiB"],
    [1024 * 1024, "1.0 MiB"],
    [1.5 * 1024 ** 3, "1.5 GiB"],
    [3 * 1024 ** 4, "3.0 TiB"],
    [2048 * 1024 ** 4, "2048.0 TiB"],
  ];
  it.each(sizes)("of %i bytes is %s", (bytes, text) => {
    expect(lines(renderContainerBackup(container(bytes)))).toContain(`data | 2 files, ${text}`);
  });

  it("counts one file as one", () => {
    expect(lines(renderContainerBackup(container(5, {}, 1)))).toContain("data | 1 file, 5 bytes");
  });

  it("says of which Rancher it is, how it was copied, and that it was read again", () => {
    expect(lines(renderContainerBackup(container(5)))).toEqual([
      "BACKUP",
      "container | rancher (rancher/rancher:v2.6.14)",
      "Rancher | v2.6.14",
      "copied while | it stood still",
      "data | 2 files, 5 bytes",
      "archive | backups/x.age, 2.0 KiB, encrypted",
      "SHA-256 | 5ea1ed",
      "verified | decrypted, and read from its beginning to its end",
      "",
    ]);
  });

  it("that was made while it ran is not called consistent", () => {
    const text = renderContainerBackup(container(5, { copy: "hot" }));
    expect(lines(text)).toContain("copied while | it ran: the copy may not be consistent");
  });

  const restores: [string, boolean, string[]][] = [
    ["of before", false, []],
    ["of one that ran since", true, ["old ran since the backup was made: what it has written since would be lost."]],
  ];
  it.each(restores)("is to replace the data %s, which is said", (_, newer, lost) => {
    const all = lines(renderContainerRestore(container(5), { name: "old", newer }));
    expect(all).toContain("made | 2026-11-01T10:00:00.000Z");
    const [replaced, ...rest] = all.slice(all.indexOf("") + 1);
    expect(replaced).toBe("All of /var/lib/rancher in container old would be replaced by it.");
    expect(rest).toEqual([...lost, ""]);
  });

  it("that is left out says why", () => {
    expect(renderSkipped("a directory of the host that is covered")).toBe(
      "Not backed up: a directory of the host that is covered.\n",
    );
  });
});

describe("a kept snapshot of etcd", () => {
  const kept: SnapshotBackup = {
    format: "farrier.snapshot-backup/v1",
    madeAt: "2026-11-01T10:00:00.000Z",
    snapshot: { name: "etcd.db", bytes: 4128, sha256: "da7a" },
    sealed,
  };

  it("says that nobody has opened the database where etcdutl is not there", () => {
    expect(lines(renderSnapshotBackup(kept))).toEqual([
      "BACKUP",
      "snapshot | etcd.db, 4128 bytes",
      "kept | 2026-11-01T10:00:00.000Z",
      "verified by | etcd's checksum; etcdutl is not installed, so the database was not opened",
      "archive | backups/x.age, encrypted",
      "SHA-256 | 5ea1ed",
      "",
    ]);
  });

  it("says what etcdutl has counted in it", () => {
    const status = { hash: 1, revision: 815, totalKey: 4711, totalSize: 4096 };
    expect(lines(renderSnapshotBackup({ ...kept, status }))).toContain(
      "verified by | etcd's checksum, and by etcdutl: 4711 keys, revision 815",
    );
  });
});
