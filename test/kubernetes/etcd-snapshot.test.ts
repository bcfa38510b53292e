/**
 * A snapshot of a real etcd, kept and taken out again by Farrier: judged by etcd's own programs, and by a second etcd
 * that is filled from it.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "../helpers/command-lab.ts";
import { json } from "../helpers/journey.ts";
import { type Ended, farrierBeside, run } from "../helpers/run-farrier.ts";
import { areBuilt, pathOf } from "./control-plane/binaries.ts";
import { startEtcd } from "./control-plane/etcd.ts";
import type { Program } from "./control-plane/program.ts";

const built = areBuilt("etcd", "etcdctl", "etcdutl");
const SECRET = `canary-${randomBytes(8).toString("hex")}`;

/** What Kubernetes would store, and enough of it that the database has pages of its own. */
const OBJECTS: Readonly<Record<string, string>> = {
  "/registry/secrets/cattle-system/tls-ca": SECRET,
  "/registry/configmaps/kube-system/large": randomBytes(40_000).toString("base64"),
  ...Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`/registry/pods/default/pod-${n}`, `pod ${n}`])),
};

describe.skipIf(!built)("a snapshot of etcd (left out where etcd is not built)", () => {
  let folder: string;
  const members: { readonly program: Program; readonly endpoint: string }[] = [];

  const at = (name: string): string => join(folder, name);
  const etcdctl = (endpoint: string, ...args: readonly string[]): Ended =>
    run(folder, pathOf("etcdctl"), ["--endpoints", endpoint, ...args]);
  const withEtcdutl = { PATH: `${dirname(pathOf("etcdutl"))}:${process.env.PATH}` };
  const withoutEtcdutl = { PATH: "/nowhere" };
  const farrier = (args: readonly string[], more: Record<string, string> = withEtcdutl): Promise<Ended> =>
    farrierBeside(folder, args, { environment: { XDG_CONFIG_HOME: at("config"), ...more } });

  function startMember(name: string): string {
    const member = startEtcd(folder, name);
    members.push(member);
    const { endpoint } = member;
    // It asks until the member answers.
    const health = etcdctl(endpoint, "endpoint", "health", "--command-timeout=30s");
    if (health.code !== 0) throw new Error(`etcd did not become ready: ${health.stderr}`);
    return endpoint;
  }
  /** Every object with its value and revision. */
  const objectsOf = (endpoint: string): unknown =>
    json(etcdctl(endpoint, "get", "", "--from-key", "--write-out=json").stdout).kvs;

  let first: string;
  let made: Ended;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "farrier-etcd-"));
    first = startMember("first");
    for (const [key, value] of Object.entries(OBJECTS)) etcdctl(first, "put", key, value);
    expect(etcdctl(first, "snapshot", "save", "snapshot.db").code).toBe(0);
    made = await farrier(["backup", "--etcd-snapshot", "snapshot.db", "--out", "backup", "-o", "json"]);
  });
  afterAll(async () => {
    for (const { program } of members) await program.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("that somebody has saved is kept with what etcdutl read in it (M2.2)", () => {
    expect([made.code, made.stderr]).toEqual([0, expect.stringMatching(/still there, readable/)]);
    const own = json(run(folder, pathOf("etcdutl"), ["snapshot", "status", "snapshot.db", "-w", "json"]).stdout);
    const { hash, revision, totalKey } = own;
    expect(json(made.stdout).status).toMatchObject({ hash, revision, totalKey });
    expect(totalKey).toBe(Object.keys(OBJECTS).length);
  });

  it("is readable to nobody else in the backup", async () => {
    for (const name of await readdir(at("backup/backups"))) {
      expect([name, (await readFile(at(`backup/backups/${name}`))).includes(SECRET)]).toEqual([name, false]);
    }
    expect((await readFile(at("snapshot.db"))).includes(SECRET)).toBe(true);
  });

  it("comes out again byte for byte, and fills a second etcd with the same objects", async () => {
    const out = await farrier(["restore", "backup", "--to", "again.db"]);
    expect([out.code, out.stderr]).toEqual([0, expect.stringMatching(/etcdutl snapshot restore/)]);
    expect((await readFile(at("again.db"))).equals(await readFile(at("snapshot.db")))).toBe(true);
    expect((await stat(at("again.db"))).mode & 0o777).toBe(0o600);
    // What the first one has learned since is not in it.
    etcdctl(first, "put", "/registry/later", "x");
    const filled = run(folder, pathOf("etcdutl"), [
      "snapshot",
      "restore",
      "again.db",
      "--data-dir=second",
      "--name=default",
      `--initial-cluster=default=unix://${at("second-peers.sock")}`,
      `--initial-advertise-peer-urls=unix://${at("second-peers.sock")}`,
    ]);
    expect(filled.code, filled.stderr).toBe(0);
    const second = startMember("second");
    etcdctl(first, "del", "/registry/later");
    expect(objectsOf(second)).toEqual(objectsOf(first));
    expect(objectsOf(second)).toHaveLength(Object.keys(OBJECTS).length);
  });

  it("without etcdutl is checked by etcd's own checksum, and that is said", async () => {
    const { code, stdout } = await farrier(
      ["backup", "--etcd-snapshot", "snapshot.db", "--out", "alone"],
      withoutEtcdutl,
    );
    expect([code, stdout]).toEqual([0, expect.stringMatching(/etcdutl is not installed/)]);
  });

  describe("that is none is refused, and nothing is kept", () => {
    const changed = (change: (bytes: Buffer) => Buffer) => async () => {
      await writeFile(at("bad"), change(await readFile(at("snapshot.db"))));
    };
    const rows: [string, () => Promise<unknown>, number, string, RegExp][] = [
      ["an empty file", () => writeFile(at("bad"), ""), 2, "input.file-empty", /bad is empty/],
      ["no file", () => rm(at("bad"), { force: true }), 2, "input.file-missing", /bad does not exist/],
      ["a directory", () => mkdir(at("bad")), 2, "input.file-unreadable", /not a regular file/],
      ["a zip", () => writeFile(at("bad"), "PK\u0003\u0004rest"), 2, "input.needs-conversion", /zip archive/],
      ["a text", () => writeFile(at("bad"), "not a database"), 1, "backup.incomplete", /does not end with/],
      [
        "the database of an etcd that runs",
        () => copyFile(at("first/member/snap/db"), at("bad")),
        1,
        "backup.incomplete",
        /does not end with etcd's checksum/,
      ],
      ["one that was cut off", changed((all) => all.subarray(0, all.length - 512)), 1, "backup.incomplete", /differs/],
      ["one that was cut off oddly", changed((all) => all.subarray(0, -7)), 1, "backup.incomplete", /cut off/],
      [
        "one with a bit changed",
        changed((all) => {
          all[9000] = (all[9000] ?? 0) ^ 4;
          return all;
        }),
        1,
        "backup.incomplete",
        /its checksum differs/,
      ],
    ];
    it.each(rows)("%s", async (_, make, exit, code, says) => {
      await rm(at("bad"), { recursive: true, force: true });
      await make();
      expectRefusal(await farrier(["backup", "--etcd-snapshot", "bad", "--out", "none"]), { exit, code, says });
      expect(existsSync(at("none"))).toBe(false);
    });

    it("one whose checksum is right and whose database is not: etcdutl finds it", async () => {
      const { createHash } = await import("node:crypto");
      const body = randomBytes(64 * 1024);
      await writeFile(at("forged"), Buffer.concat([body, createHash("sha256").update(body).digest()]));
      const ended = await farrier(["backup", "--etcd-snapshot", "forged", "--out", "none"]);
      expectRefusal(ended, { exit: 1, code: "backup.incomplete", says: /etcdutl finds .*forged damaged: .*invalid/ });
      expect(existsSync(at("none"))).toBe(false);
    });
  });

  describe("is not taken out", () => {
    it.each([
      ["without a file to write", [], 2, "input.usage", /name a file for it with --to/],
      ["over a file that is there", ["--to", "snapshot.db"], 2, "input.file-exists", /is there already/],
      ["into a directory that there is not", ["--to", "no/where.db"], 1, "rotation.unwritable", /ENOENT/],
    ])("%s", async (_, flags, exit, code, says) => {
      const before = await readFile(at("snapshot.db"));
      expectRefusal(await farrier(["restore", "backup", ...flags]), { exit, code, says });
      expect((await readFile(at("snapshot.db"))).equals(before)).toBe(true);
    });
  });
});
