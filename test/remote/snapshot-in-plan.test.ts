/**
 * A rotation that first has what runs etcd save a snapshot: by programs of RKE, RKE2 and K3s that stand in for theirs,
 * on nodes that a real `sshd` leads to. The snapshots are a real etcd's, where that is built.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { waitUntil } from "../../src/sandbox/scenario/waiting.ts";
import { trustSecret } from "../helpers/estate-facts.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import { run } from "../helpers/run-farrier.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";
import { startEtcd } from "../kubernetes/control-plane/etcd.ts";
import type { Program } from "../kubernetes/control-plane/program.ts";

const built = areBuilt("etcd", "etcdctl", "etcdutl");
const [NODE_A, NODE_B] = ["127.0.0.1", "localhost"];

/** Says that it is at it, and waits until it may go on. */
const slowly = (lab: string): string => `touch ${lab}/begun; until [ -f ${lab}/go-on ]; do sleep 0.05; done`;

/** As RKE2's and K3s's own: `etcd-snapshot save --name NAME`, which adds node and time. Its conduct is in a file. */
const serverProgram = (lab: string, save: string): string => `#!/bin/sh
[ "$1 $2 $3 $#" = "etcd-snapshot save --name 4" ] || { echo "unknown: $*" >&2; exit 2; }
echo "$0 $*" >> ${lab}/asked
out="${lab}/node/snapshots/$4-$(hostname)-$(ls ${lab}/node/snapshots | wc -l)1767225600"
case "$(cat ${lab}/conduct)" in
well) ${save} "$out" ;;
half-way) ${save} "$out.whole" && head -c 5000 "$out.whole" > "$out"; rm "$out.whole"
  echo 'level=info msg="Saving etcd snapshot"' >&2
  echo 'level=fatal msg="Error: context canceled, token: K10abcdefghijklmnopqrstuvwxyz0123456789"' >&2; exit 1 ;;
cut-off) ${save} "$out.whole" && head -c 5000 "$out.whole" > "$out"; rm "$out.whole" ;;
slow) ${slowly(lab)}; ${save} "$out"; touch ${lab}/ended ;;
nothing) ;;
empty) : > "$out" ;;
esac
`;

/** As RKE's: on this machine, and the file is on every node afterwards. */
const rkeProgram = (lab: string, save: string): string => `#!/bin/sh
if [ "$1" = --version ]; then echo "rke version v1.8.3"; exit 0; fi
[ "$1 $2 $3 $5 $#" = "etcd snapshot-save --name --config 6" ] && [ -f "$6" ] || { echo "unknown: $*" >&2; exit 2; }
echo "$0 $*" >> ${lab}/asked
case "$(cat ${lab}/conduct)" in
zipped) cp ${lab}/whole.zip ${lab}/node/snapshots/$4.zip; cp ${lab}/whole.zip ${lab}/other/snapshots/$4.zip; exit ;;
zip-cut-off) cp ${lab}/whole.zip ${lab}/node/snapshots/$4.zip; head -c 300 ${lab}/whole.zip > ${lab}/other/snapshots/$4.zip; exit ;;
esac
[ "$(cat ${lab}/conduct)" != slow ] || { ${slowly(lab)}; }
${save} "${lab}/node/snapshots/$4" || exit 1
[ "$(cat ${lab}/conduct)" = cut-off ] && cut=5000 || cut=1000000000
[ "$(cat ${lab}/conduct)" = nothing ] || head -c $cut "${lab}/node/snapshots/$4" > "${lab}/other/snapshots/$4"
`;

/** An archive of one file, as it is (APPNOTE.TXT 4.3). */
function zipOf(name: string, content: Buffer): Buffer {
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), content]);
  const entry = Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\0"), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(entry.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, entry, Buffer.from("PK\u0005\u0006"), end]);
}

describe.skipIf(!sshInstalled())("a rotation with a snapshot of etcd, saved first (M2.2)", () => {
  let lab: SshLab;
  let other: SshLab;
  let etcd: Program | undefined;
  let own: Journey;
  const at = (...names: readonly string[]): string => join(lab.folder, ...names);
  const conduct = (how: string): Promise<void> => writeFile(at("conduct"), how);
  const asked = async (): Promise<string[]> => (await readFile(at("asked"), "utf8")).split("\n").filter((one) => one);
  const saved = async (): Promise<string[]> => (await readdir(at("node/snapshots"))).sort();
  const node = () => ({ host: NODE_A, port: lab.port, user: lab.user, config: at("both.config") });
  const server = (by: string, more: object = {}) => ({
    estateBackup: { [by]: { ...node(), program: at("bin", by), directory: at("node/snapshots"), ...more } },
  });
  const rke = (more: object = {}) => ({
    estateBackup: {
      rke: {
        clusterFile: "cluster.yml",
        program: at("bin/rke"),
        directory: at("node/snapshots"),
        config: at("both.config"),
        ...more,
      },
    },
  });
  /** What etcd, or where that is not built we, say of a file. */
  function isWhole(bytes: Buffer): boolean {
    return createHash("sha256").update(bytes.subarray(0, -32)).digest().equals(bytes.subarray(-32));
  }

  beforeAll(async () => {
    lab = await startSshLab();
    for (const name of ["bin", "node/snapshots", "node/etcd", "other/snapshots"])
      await mkdir(at(name), { recursive: true });
    // The other node has a disk of its own at the very same place.
    const mounted = `mount --bind ${at("other")} ${at("node")} && exec "$@"`;
    other = await startSshLab(process.getuid?.() === 0 ? ["unshare", "-m", "sh", "-c", mounted, "sh"] : []);
    const known = [lab, other].map(({ knownHosts }) => knownHosts).join(" ");
    const keys = [lab, other].map(({ key }) => `  IdentityFile ${key}\n`).join("");
    await writeFile(
      at("both.config"),
      `Host *\n  IdentitiesOnly yes\n${keys}  UserKnownHostsFile ${known}\n  GlobalKnownHostsFile /dev/null\n`,
    );
    // It is known by its address; the cluster file calls it by a name.
    const hosts = await readFile(other.knownHosts, "utf8");
    await writeFile(other.knownHosts, hosts + hosts.replaceAll("127.0.0.1", NODE_B));
    await writeFile(at("whole.zip"), zipOf("snapshot", randomBytes(4096)));
    const save = await saving();
    const programs = {
      rke2: serverProgram(lab.folder, save),
      k3s: serverProgram(lab.folder, save),
      rke: rkeProgram(lab.folder, save),
    };
    for (const [name, text] of Object.entries(programs)) {
      await writeFile(at("bin", name), text);
      await chmod(at("bin", name), 0o755);
    }
  });
  afterAll(async () => {
    await etcd?.stop();
    await other?.stop();
    await lab?.stop();
  });

  /** The command that writes a snapshot: of a real etcd, where there is one. */
  async function saving(): Promise<string> {
    if (!built) {
      const database = randomBytes(40_960);
      const sum = createHash("sha256").update(database).digest();
      await writeFile(at("made.db"), Buffer.concat([database, sum]));
      return `cp ${at("made.db")}`;
    }
    const started = startEtcd(lab.folder, "etcd-of-the-node");
    etcd = started.program;
    const etcdctl = `${pathOf("etcdctl")} --endpoints ${started.endpoint}`;
    const put = run(lab.folder, "sh", ["-c", `${etcdctl} endpoint health --command-timeout=30s && ${etcdctl} put a b`]);
    expect(put.code, put.stderr).toBe(0);
    return `${etcdctl} snapshot save`;
  }

  beforeEach(async () => {
    await conduct("well");
    await writeFile(at("asked"), "");
    for (const name of ["node", "other"]) {
      await rm(at(name, "snapshots"), { recursive: true });
      await mkdir(at(name, "snapshots"));
    }
  });
  afterEach(() => own?.stop());

  async function start(settings: Readonly<Record<string, unknown>>): Promise<Journey> {
    own = await startJourney({ clusters: [{ name: "paris" }] }, settings);
    const nodes = [
      { address: NODE_A, port: String(lab.port), role: ["controlplane", "etcd"], user: lab.user },
      { address: NODE_B, port: String(other.port), role: ["etcd", "worker"], user: other.user },
      { address: "10.255.255.1", role: ["worker"], user: "nobody" },
    ];
    await writeFile(join(own.folder, "cluster.yml"), JSON.stringify({ nodes }));
    return own;
  }

  it.each(["rke2", "k3s"])("has %s save it on a server, and goes on when it is whole there", async (by) => {
    await start(server(by));
    const { stdout } = await own.plan("rotation");
    expect(stdout).toMatch(
      new RegExp(`Snapshot farrier-r-\\S+ of etcd, saved by ${by}, and verified on 127\\.0\\.0\\.1`),
    );
    expect(await saved()).toEqual([]);
    const applied = await own.farrier("apply", "rotation", "--yes");
    expect(applied.code, applied.stderr).toBe(0);
    const [name = "", ...more] = await saved();
    expect(more).toEqual([]);
    const bytes = await readFile(at("node/snapshots", name));
    expect(isWhole(bytes)).toBe(true);
    const said = json(await readFile(join(own.folder, "rotation/estate-backup.json"), "utf8"));
    expect(said.nodes).toEqual([
      {
        node: `${lab.user}@127.0.0.1:${lab.port}`,
        path: at("node/snapshots", name),
        state: "whole",
        bytes: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      },
    ]);
    expect(await own.farrier("apply", "rotation", "--yes")).toMatchObject({ code: 0 });
    expect(await asked()).toHaveLength(1);
  });

  it.skipIf(!built)("makes what etcdutl reads", async () => {
    await start(server("rke2"));
    await own.plan("rotation");
    expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
    const [name = ""] = await saved();
    const read = run(lab.folder, pathOf("etcdutl"), ["snapshot", "status", at("node/snapshots", name), "-w", "json"]);
    expect([read.code, json(read.stdout).totalKey]).toEqual([0, 1]);
  });

  it("has rke save it with the cluster file that was given, and looks on every node with etcd", async () => {
    await start(rke());
    const { stdout } = await own.plan("rotation", "-o", "json");
    expect(json(stdout).estateBackup.nodes.map(({ host }: { host: string }) => host)).toEqual([NODE_A, NODE_B]);
    const applied = await own.farrier("apply", "rotation", "--yes");
    expect(applied.code, applied.stderr).toBe(0);
    const { name, nodes } = json(await readFile(join(own.folder, "rotation/estate-backup.json"), "utf8"));
    expect(await asked()).toEqual([
      `${at("bin/rke")} etcd snapshot-save --name ${name} --config ${join(own.folder, "cluster.yml")}`,
    ]);
    expect(nodes.map(({ node, state }: { node: string; state: string }) => [node, state])).toEqual([
      [`${lab.user}@${NODE_A}:${lab.port}`, "whole"],
      [`${other.user}@${NODE_B}:${other.port}`, "whole"],
    ]);
  });

  it("takes one that RKE has compressed, where its archive is whole", async () => {
    await start(rke());
    await own.plan("rotation");
    await conduct("zipped");
    expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
    const { nodes } = json(await readFile(join(own.folder, "rotation/estate-backup.json"), "utf8"));
    expect(nodes.map(({ state }: { state: string }) => state)).toEqual(["zip", "zip"]);
  });

  const failures: [string, () => Readonly<Record<string, unknown>>, string, RegExp][] = [
    [
      "that fails half-way",
      () => server("rke2"),
      "half-way",
      /rke2 etcd-snapshot save on .* failed: .*context canceled/,
    ],
    ["that is cut off, and says nothing", () => server("k3s"), "cut-off", /no whole snapshot of etcd: it was cut off/],
    ["that saves nothing, and says nothing", () => server("k3s"), "nothing", /there is no snapshot farrier-r-/],
    ["that leaves an empty file", () => server("rke2"), "empty", /is empty/],
  ];
  it.each(failures)(
    "stops before anything is changed at a program %s, and goes on later",
    async (_, settings, how, says) => {
      await start(settings());
      await own.plan("rotation");
      await conduct(how);
      const before = await trustSecret(own.sandbox);
      const applied = await own.farrier("apply", "rotation", "--yes");
      expect([applied.code, `${applied.stdout}${applied.stderr}`]).toEqual([1, expect.stringMatching(says)]);
      expect(own.said()).not.toContain("K10abcdefghijklmnop");
      expect(await trustSecret(own.sandbox)).toBe(before);
      await conduct("well");
      expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
      expect(await asked()).toHaveLength(2);
    },
  );

  describe("Ctrl-C while a snapshot is saved", () => {
    const begun = () => waitUntil(() => existsSync(at("begun")), { what: "the program to be at it" });
    beforeEach(() => Promise.all(["begun", "go-on", "ended"].map((name) => rm(at(name), { force: true }))));
    afterEach(() => writeFile(at("go-on"), ""));

    it.each([
      // What was begun on a node goes on there.
      ["rke2", () => server("rke2"), "goes on"],
      ["rke", () => rke(), "ends"],
    ] as const)("twice does not wait for %s, and the next apply has it saved", async (_, settings, program) => {
      await start(settings());
      await own.plan("rotation");
      await conduct("slow");
      const apply = own.start("apply", "rotation", "--yes");
      await begun();
      apply.process.kill("SIGINT");
      await waitUntil(() => own.said().includes("Press Ctrl-C again"), { what: "what the first one does" });
      apply.process.kill("SIGINT");
      expect((await apply.ended).code).toBe(4);
      expect(await saved()).toEqual([]);
      await conduct("well");
      expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
      await writeFile(at("go-on"), "");
      if (program === "goes on") await waitUntil(() => existsSync(at("ended")), { what: "the end of the first one" });
    });

    it("once lets rke finish, although the terminal sends it to all that it runs", async () => {
      await start(rke());
      await own.plan("rotation");
      await conduct("slow");
      const apply = own.start("apply", "rotation", "--yes");
      await begun();
      const pid = String(apply.process.pid);
      const group = run(lab.folder, "ps", ["-o", "pgid=", "-p", pid]).stdout.trim();
      run(lab.folder, "pkill", ["-INT", "-P", pid, "-g", group]);
      apply.process.kill("SIGINT");
      await writeFile(at("go-on"), "");
      expect((await apply.ended).code).toBe(4);
      expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
      expect(await asked()).toHaveLength(1);
    });
  });

  const elsewhere: [string, string, RegExp][] = [
    ["is missing", "nothing", /on \S+@localhost:\d+, there is no snapshot farrier-r-/],
    ["is cut off, compressed", "zip-cut-off", /on \S+@localhost:\d+, .*\.zip is no whole snapshot/],
    ["is cut off", "cut-off", /on \S+@localhost:\d+, .*no whole snapshot/],
  ];
  it.skipIf(process.getuid?.() !== 0).each(elsewhere)(
    "stops where it %s on one of RKE's nodes",
    async (_, how, says) => {
      await start(rke());
      await own.plan("rotation");
      await conduct(how);
      const applied = await own.farrier("apply", "rotation", "--yes");
      expect([applied.code, `${applied.stdout}${applied.stderr}`]).toEqual([1, expect.stringMatching(says)]);
    },
  );

  it.skipIf(process.getuid?.() !== 0)("stops where the node's disk is full", async () => {
    await start(server("rke2"));
    await own.plan("rotation");
    run(lab.folder, "mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", at("node/snapshots")]);
    try {
      const applied = await own.farrier("apply", "rotation", "--yes");
      expect([applied.code, `${applied.stdout}${applied.stderr}`]).toEqual([
        1,
        expect.stringMatching(/failed: .*no space left|is no whole snapshot/i),
      ]);
    } finally {
      run(lab.folder, "umount", [at("node/snapshots")]);
    }
    expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
  });

  describe("that cannot be made is said in the plan", () => {
    const rows: [string, () => Readonly<Record<string, unknown>>, RegExp][] = [
      ["no such program", () => server("rke2", { program: "/nowhere/rke2" }), /no program \/nowhere\/rke2 on/],
      ["no etcd there", () => server("k3s", { directory: at("bin") }), /is no server with an etcd of its own/],
      ["no way there", () => server("k3s", { port: 1 }), /SSH to .* failed/],
      ["another program than RKE", () => rke({ program: "true" }), /no program true on this machine, or it is not RKE/],
      ["no cluster file", () => rke({ clusterFile: "gone.yml" }), /gone\.yml cannot be read as a cluster file/],
      ["a cluster file of something else", () => rke({ clusterFile: "farrier.yaml" }), /farrier\.yaml cannot be read/],
    ];
    it.each(rows)("%s, and a person can go on without", async (_, settings, says) => {
      await start(settings());
      const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
      const refused = await own.farrier("plan", ...files, "--out", "rotation");
      expect([refused.code, refused.stdout]).toEqual([3, expect.stringMatching(says)]);
      expect(refused.stdout).toContain("--without-estate-backup");
      const { stdout } = await own.plan("rotation", "--without-estate-backup", "-o", "json");
      expect(json(stdout).estateBackup).toEqual({ kind: "none", why: expect.stringMatching(says) });
      expect(await asked()).toEqual([]);
    });
  });
});
