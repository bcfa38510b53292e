/**
 * Backups that were cut off, and disks that are full or may not be written: nothing is put back, nothing is left half, and
 * what was there before is there still, byte for byte.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { rm, truncate } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandLab, expectRefusal, startCommandLab, TARGET } from "../helpers/command-lab.ts";
import { renewCluster } from "../helpers/renewed-cluster.ts";
import { run } from "../helpers/run-farrier.ts";
import { must } from "../sandbox/estate.ts";

const isRoot = process.getuid?.() === 0;
const SNAPSHOT_BYTES = 5 * 4096;
const PARIS = ["paris", "--cluster-kubeconfig", "paris.yaml", "--plan"];
const unwritable = { exit: 1, code: "rotation.unwritable" };

let lab: CommandLab;
let before: unknown;
let snapshot: Buffer;
/** Below each backup's directory. */
let archive: string;
let sealed: string;

const done = async (...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await lab.farrier(args);
  expect(code, stderr).toBe(0);
};
const mode = (name: string): string => (statSync(lab.path(name)).mode & 0o7777).toString(8);
const fileLike = (folder: string, begin: string): string =>
  must(readdirSync(lab.path(folder)).find((name) => name.startsWith(begin)));
const copy = (from: string, to: string): void => cpSync(lab.path(from), lab.path(to), { recursive: true });

beforeAll(async () => {
  lab = await startCommandLab({ clusters: [{ name: "paris" }, { name: "lima" }], speed: 100 });
  await done("backup", "--out", "good");
  const database = randomBytes(SNAPSHOT_BYTES);
  snapshot = Buffer.concat([database, createHash("sha256").update(database).digest()]);
  lab.put("snapshot.db", snapshot);
  await done("backup", "--etcd-snapshot", "snapshot.db", "--out", "etcd");
  archive = `backups/${fileLike("good/backups", "objects-")}`;
  sealed = `backups/${fileLike("etcd/backups", "etcd-snapshot-")}`;
  const paris = lab.sandbox.cluster("paris");
  await renewCluster(lab.sandbox, paris, { ca: true, agent: "stays" });
  lab.put("paris.yaml", paris.kubeconfig);
  before = await lab.files();
});
afterAll(() => lab?.stop());

async function expectNothingChanged(writes: number): Promise<void> {
  expect(lab.writes.slice(writes)).toEqual([]);
  expect(await lab.files()).toEqual(before);
}

describe("what was cut off", () => {
  async function cutEverywhere(
    from: string,
    file: string,
    args: (directory: string) => readonly string[],
  ): Promise<number> {
    const bytes = statSync(lab.path(`${from}/${file}`)).size;
    copy(from, "cut");
    try {
      const ends = Array.from({ length: Math.ceil(bytes / 4096) }, (_, index) => index * 4096).toReversed();
      for (const end of ends) {
        await truncate(lab.path(`cut/${file}`), end);
        const says = /is not the file that was recorded/;
        expectRefusal(await lab.farrier(args("cut")), { exit: 2, code: "backup.altered", says });
      }
      return ends.length;
    } finally {
      await rm(lab.path("cut"), { recursive: true });
    }
  }

  it("of objects, at every 4 kB, is refused, and nothing is put back", async () => {
    const writes = lab.writes.length;
    const times = await cutEverywhere("good", archive, (directory) => ["restore", directory, "--yes"]);
    expect(times).toBeGreaterThan(10);
    await expectNothingChanged(writes);
  });

  it("of a snapshot that was kept, at every 4 kB, is refused, and no file is written", async () => {
    const writes = lab.writes.length;
    await cutEverywhere("etcd", sealed, (directory) => ["restore", directory, "--to", "new.db"]);
    await expectNothingChanged(writes);
  });

  it("of a snapshot that is to be kept, at every 4 kB, is refused, and nothing is kept", async () => {
    for (let end = 4096; end < snapshot.length; end += 4096) {
      lab.put("cut.db", snapshot.subarray(0, end));
      const ended = await lab.farrier(["backup", "--etcd-snapshot", "cut.db", "--out", "new"]);
      expectRefusal(ended, { exit: 1, code: "backup.incomplete", says: /cut off/ });
    }
    await rm(lab.path("cut.db"));
    await expectNothingChanged(lab.writes.length);
  });

  it("of a backup's key is refused", async () => {
    for (const bytes of [0, 1, 100]) {
      copy("good", "cut");
      await truncate(lab.path("cut/backups/rotation-key.age"), bytes);
      const ended = await lab.farrier(["restore", "cut", "--diff"]);
      expectRefusal(ended, { exit: 2, code: "backup.cannot-decrypt", says: /rotation-key\.age/ });
      await rm(lab.path("cut"), { recursive: true });
    }
  });
});

describe("a directory that others use as well", () => {
  it("gets the backup, for its owner alone, and stays open to them", async () => {
    mkdirSync(lab.path("shared"));
    chmodSync(lab.path("shared"), 0o1777);
    lab.put("shared/theirs", "theirs");
    // One cluster refuses Rancher, and is named.
    expect((await lab.farrier(["backup", "--out", "shared"])).code).toBe(4);
    expect([mode("shared"), mode("shared/backups"), mode("shared/backup.json")]).toEqual(["1777", "700", "600"]);
    await done("restore", "shared", "--cluster", "local", "--diff");
    await rm(lab.path("shared"), { recursive: true });
  });
});

describe.skipIf(!isRoot)("a disk", () => {
  const withDisk = async (kilobytes: number, use: () => Promise<void>): Promise<void> => {
    mkdirSync(lab.path("disk"), { recursive: true });
    const mounted = run(lab.folder, "mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", lab.path("disk")]);
    expect(mounted.code, mounted.stderr).toBe(0);
    try {
      await use();
    } finally {
      run(lab.folder, "umount", [lab.path("disk")]);
      await rm(lab.path("disk"), { recursive: true });
    }
  };
  const written: [string, readonly string[]][] = [
    ["backup", ["backup", "--out", "disk/new"]],
    ["backup of a snapshot", ["backup", "--etcd-snapshot", "snapshot.db", "--out", "disk/new"]],
    ["refresh", ["refresh", ...PARIS, "--out", "disk/new"]],
    ["plan", ["plan", ...TARGET, "--out", "disk/new"]],
    ["snapshot that is taken out", ["restore", "etcd", "--to", "disk/new"]],
  ];

  it.each(written)(
    "that is full at any time: of a %s nothing is left",
    async (_, args) => {
      for (const kilobytes of [4, 8, 12, 16]) {
        await withDisk(kilobytes, async () => {
          const ended = await lab.farrier(args);
          expectRefusal(ended, { ...unwritable, says: /disk\/new.* \(ENOSPC\)/, hint: /Make room/ });
          expect(readdirSync(lab.path("disk"))).toEqual([]);
        });
      }
      await expectNothingChanged(lab.writes.length);
    },
    240_000,
  );

  it("that is full leaves what was in the directory, and adds nothing", async () => {
    await withDisk(16, async () => {
      lab.put("disk/new/mine", "mine");
      expectRefusal(await lab.farrier(["backup", "--out", "disk/new"]), { ...unwritable, says: /ENOSPC/ });
      expect(readdirSync(lab.path("disk/new"))).toEqual(["mine"]);
    });
  });

  it.each(written.slice(0, 4))("that may not be written: of a %s nothing is left", async (_, args) => {
    mkdirSync(lab.path("disk"));
    const script = `mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"`;
    const through = ["unshare", "-m", "sh", "-c", script, lab.path("disk")];
    expectRefusal(await lab.farrier(args, { through }), { ...unwritable, says: /disk\/new/ });
    expect(readdirSync(lab.path("disk"))).toEqual([]);
    await rm(lab.path("disk"), { recursive: true });
    await expectNothingChanged(lab.writes.length);
  });
});
