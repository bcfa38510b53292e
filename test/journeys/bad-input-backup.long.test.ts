/**
 * What people give `backup`, `restore` and `refresh` by mistake: one sentence with one hint, nothing written in the
 * estate, and not a byte of the person's own files changed.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import { type CommandLab, expectRefusal, type Refusal, startCommandLab } from "../helpers/command-lab.ts";
import { json } from "../helpers/journey.ts";
import { renewCluster } from "../helpers/renewed-cluster.ts";
import { run } from "../helpers/run-farrier.ts";
import { must } from "../sandbox/estate.ts";

const SNAPSHOT_BYTES = 5 * 4096;

let lab: CommandLab;
let paris: SandboxCluster;
let before: unknown;
/** Of the objects, below the backup's directory. */
let archive: string;
let snapshot: Buffer;

const done = async (...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await lab.farrier(args);
  expect(code, stderr).toBe(0);
};
const mode = (name: string): string => (statSync(lab.path(name)).mode & 0o7777).toString(8);
const fileLike = (folder: string, begin: string): string =>
  must(readdirSync(lab.path(folder)).find((name) => name.startsWith(begin)));
const copy = (from: string, to: string): void => cpSync(lab.path(from), lab.path(to), { recursive: true });
function manifest(name: string, change: object): void {
  copy("good", name);
  lab.put(
    `${name}/backup.json`,
    JSON.stringify({ ...json(readFileSync(lab.path("good/backup.json"), "utf8")), ...change }),
  );
}

beforeAll(async () => {
  lab = await startCommandLab({ clusters: [{ name: "paris" }, { name: "lima" }], speed: 100 });
  paris = lab.sandbox.cluster("paris");
  await done("backup", "--out", "good");
  await done("backup", "--out", "other");
  await lab.plan("rotation");
  const database = randomBytes(SNAPSHOT_BYTES);
  snapshot = Buffer.concat([database, createHash("sha256").update(database).digest()]);
  lab.put("snapshot.db", snapshot);
  await done("backup", "--etcd-snapshot", "snapshot.db", "--out", "etcd");
  archive = `backups/${fileLike("good/backups", "objects-")}`;

  lab.put("file", "mine");
  lab.put("zip.db", "PK\u0003\u0004and so on");
  lab.put("noise", randomBytes(300));
  lab.put("encrypted.txt", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n");
  run(lab.folder, "age-keygen", ["-o", "somebody.txt"]);
  lab.put("recipients.yaml", "kubeconfig: kubeconfig\ntokenFile: token\nrecipients: [age1nobody]\n");
  lab.put("journal-only/journal.jsonl", "{}\n");
  lab.put("null/backup.json", "null");
  lab.put("empty-manifest/backup.json", "");
  symlinkSync(lab.path("nowhere"), lab.path("dangling"));
  symlinkSync("loop", lab.path("loop"));
  mkdirSync(lab.path("linked"));
  mkdirSync(lab.path("elsewhere"));
  chmodSync(lab.path("elsewhere"), 0o755);
  symlinkSync(lab.path("elsewhere"), lab.path("linked/backups"));
  lab.put("in-the-way/backups", "mine");
  manifest("of-another-estate", { estate: { kubeSystemUid: "another", serverUrl: "https://another.example.com" } });
  const passwd = createHash("sha256").update(readFileSync("/etc/passwd")).digest("hex");
  manifest("leads-out", { sealed: { file: "../../../etc/passwd", sha256: passwd } });
  copy("good", "without-key");
  await rm(lab.path("without-key/backups/rotation-key.age"));
  copy("good", "with-another-key");
  cpSync(lab.path("other/backups/rotation-key.age"), lab.path("with-another-key/backups/rotation-key.age"));
  copy("good", "without-archive");
  await rm(lab.path(`without-archive/${archive}`));

  await renewCluster(lab.sandbox, paris, { ca: true, agent: "stays" });
  lab.put("paris.yaml", paris.kubeconfig);
  before = await lab.files();
});
afterAll(() => lab?.stop());

async function expectNothingChanged(writes: number): Promise<void> {
  expect(lab.writes.slice(writes)).toEqual([]);
  expect(await lab.files()).toEqual(before);
}

type Row = [string, readonly string[], Refusal, Readonly<Record<string, string>>?];
const exists = { exit: 2, code: "rotation.exists" };
const unwritable = { exit: 1, code: "rotation.unwritable" };
const usage = { exit: 2, code: "input.usage" };

const backups: Row[] = [
  ["a directory with a backup", ["--out", "good"], { ...exists, says: /already holds a backup/ }],
  ["a directory with a rotation", ["--out", "rotation"], { ...exists, says: /rotation already holds a plan\.json/ }],
  [
    "a directory with a journal alone",
    ["--out", "journal-only"],
    { ...exists, says: /already holds a journal\.jsonl/ },
  ],
  [
    "a snapshot, into a directory with a rotation",
    ["--etcd-snapshot", "snapshot.db", "--out", "rotation"],
    { ...exists, says: /rotation already holds a plan\.json/ },
  ],
  ["a file in the directory's place", ["--out", "file"], { ...unwritable, says: /file cannot be written \(EEXIST\)/ }],
  ["a directory below a file", ["--out", "file/below"], { ...unwritable, says: /ENOTDIR/ }],
  ["a link that leads nowhere", ["--out", "dangling"], { ...unwritable, says: /dangling cannot be written/ }],
  [
    "a link in the place of what is secret",
    ["--out", "linked"],
    { ...unwritable, says: /linked\/backups is a symbolic link/ },
  ],
  ["a file in the place of what is secret", ["--out", "in-the-way"], { ...unwritable, says: /in-the-way\/backups/ }],
  ["no directory at all", ["--out", ""], { ...usage, says: /The value of --out is empty/, hint: /variable/ }],
  [
    "a recipient that is none",
    ["--out", "new", "--config", "recipients.yaml"],
    { exit: 2, code: "backup.recipient-invalid", says: /age1nobody/ },
  ],
  [
    "an identity that is gone",
    ["--out", "new"],
    { exit: 2, code: "backup.identity-missing", says: /gone/ },
    { FARRIER_IDENTITY: "gone" },
  ],
  [
    "an identity that is a directory",
    ["--out", "new"],
    { exit: 2, code: "backup.identity-invalid", says: /cannot be read/ },
    { FARRIER_IDENTITY: "good" },
  ],
  [
    "an identity of noise",
    ["--out", "new"],
    { exit: 2, code: "backup.identity-invalid", says: /no usable age identity/ },
    { FARRIER_IDENTITY: "noise" },
  ],
  [
    "two kinds of backup at once",
    ["--etcd-snapshot", "snapshot.db", "--container", "rancher", "--out", "new"],
    { ...usage, says: /two different backups/ },
  ],
  ["a flag of another kind", ["--hot", "--out", "new"], { ...usage, says: /--hot needs --container/ }],
  [
    "a snapshot that is gone",
    ["--etcd-snapshot", "gone.db", "--out", "new"],
    { exit: 2, code: "input.file-missing", says: /gone\.db/ },
  ],
  [
    "a directory for a snapshot",
    ["--etcd-snapshot", "good", "--out", "new"],
    { exit: 2, code: "input.file-unreadable", says: /not a regular file/ },
  ],
  [
    "an endless device for a snapshot",
    ["--etcd-snapshot", "/dev/zero", "--out", "new"],
    { exit: 2, code: "input.file-unreadable", says: /not a regular file/ },
  ],
  [
    "a zip archive for a snapshot",
    ["--etcd-snapshot", "zip.db", "--out", "new"],
    { exit: 2, code: "input.needs-conversion", says: /zip archive/ },
  ],
  [
    "noise for a snapshot",
    ["--etcd-snapshot", "noise", "--out", "new"],
    { exit: 1, code: "backup.incomplete", says: /does not end with etcd's checksum/ },
  ],
];

const restores: Row[] = [
  [
    "a directory that is not there",
    ["gone"],
    { exit: 2, code: "input.file-missing", says: /gone holds no backup/, hint: /farrier backup --out/ },
  ],
  ["a file", ["file"], { exit: 2, code: "input.file-missing", says: /file holds no backup/ }],
  ["nothing", [""], { ...usage, says: /An argument is empty/ }],
  ["a manifest that says null", ["null"], { exit: 2, code: "backup.altered", says: /not what farrier backup wrote/ }],
  ["an empty manifest", ["empty-manifest"], { exit: 2, code: "backup.altered", says: /not what farrier backup wrote/ }],
  [
    "a manifest that leads out of the backup",
    ["leads-out"],
    { exit: 2, code: "backup.altered", says: /etc\/passwd is not the file/ },
  ],
  [
    "the backup of another estate",
    ["of-another-estate"],
    { exit: 5, code: "plan.stale", says: /another\.example\.com/ },
  ],
  ["a backup without its key", ["without-key"], { exit: 2, code: "backup.missing", says: /rotation-key\.age/ }],
  [
    "a backup with another one's key",
    ["with-another-key"],
    { exit: 2, code: "backup.cannot-decrypt", says: /objects-/ },
  ],
  ["a backup without its archive", ["without-archive"], { exit: 2, code: "backup.missing", says: /objects-/ }],
  [
    "an identity that is encrypted itself",
    ["good"],
    { exit: 2, code: "backup.identity-invalid", says: /is itself encrypted/, hint: /age -d/ },
    { FARRIER_IDENTITY: "encrypted.txt" },
  ],
  [
    "a cluster with a slip",
    ["good", "--cluster", "pariss"],
    { exit: 2, code: "input.cluster-unknown", says: /pariss/, hint: /Did you mean paris/ },
  ],
  [
    "a file for objects",
    ["good", "--to", "new.db"],
    { ...usage, says: /--to is for another kind of backup: this one holds objects/ },
  ],
  [
    "a container for objects",
    ["good", "--container", "rancher"],
    { ...usage, says: /--container is for another kind/ },
  ],
  [
    "a cluster for a snapshot",
    ["etcd", "--to", "new.db", "--cluster", "paris"],
    { ...usage, says: /--cluster is for another kind.*a snapshot of etcd/ },
  ],
  ["a snapshot without a file for it", ["etcd"], { ...usage, says: /name a file for it with --to/ }],
  [
    "a snapshot over a file",
    ["etcd", "--to", "file"],
    { exit: 2, code: "input.file-exists", says: /file is there already/ },
  ],
  [
    "a snapshot over a directory",
    ["etcd", "--to", "good"],
    { exit: 2, code: "input.file-exists", says: /good is there already/ },
  ],
  [
    "a snapshot over a link that leads nowhere",
    ["etcd", "--to", "dangling"],
    { exit: 2, code: "input.file-exists", says: /dangling is there already/ },
  ],
  ["a snapshot into no directory", ["etcd", "--to", "gone/new.db"], { ...unwritable, says: /ENOENT/ }],
];

const PARIS = ["paris", "--cluster-kubeconfig", "paris.yaml", "--plan"];
const refreshes: Row[] = [
  ["a directory with a backup", [...PARIS, "--out", "good"], { ...exists, says: /good already holds a backup\.json/ }],
  [
    "a directory with a rotation",
    [...PARIS, "--out", "rotation"],
    { ...exists, says: /rotation already holds a rotation/ },
  ],
  ["a directory with a journal alone", [...PARIS, "--out", "journal-only"], { ...exists, says: /journal\.jsonl/ }],
  ["a file in the directory's place", [...PARIS, "--out", "file"], { ...unwritable, says: /EEXIST/ }],
  ["a link in the place of what is secret", [...PARIS, "--out", "linked"], { ...unwritable, says: /symbolic link/ }],
  ["no directory at all", [...PARIS, "--out", ""], { ...usage, says: /The value of --out is empty/ }],
  ["a name that is empty", ["", ...PARIS.slice(1)], { ...usage, says: /An argument is empty/ }],
  [
    "a name that would clear the screen",
    ["\u001b[2Jparis", ...PARIS.slice(1)],
    { exit: 2, code: "input.cluster-unknown", says: /There is no cluster \ufffd\[2Jparis/ },
  ],
  [
    "a path for a name",
    ["../paris", ...PARIS.slice(1)],
    { exit: 2, code: "input.cluster-unknown", says: /\.\.\/paris/ },
  ],
  [
    "a kubeconfig that leads to itself",
    ["paris", "--cluster-kubeconfig", "loop"],
    { exit: 2, code: "input.file-unreadable", says: /loop cannot be read/ },
  ],
  [
    "a kubeconfig of noise",
    ["paris", "--cluster-kubeconfig", "noise"],
    { exit: 2, code: "kubeconfig.invalid", says: /not a kubeconfig/ },
  ],
  [
    "an engine and no container",
    [...PARIS, "--engine-socket", "/nowhere"],
    { ...usage, says: /--engine-socket needs --container/ },
  ],
  [
    "a container where Rancher has a Deployment",
    [...PARIS, "--container", "rancher"],
    { ...usage, says: /Rancher runs in a Deployment/ },
  ],
];

const commands: [string, Row[]][] = [
  ["backup", backups],
  ["restore", restores],
  ["refresh", refreshes],
];
describe.each(commands)("farrier %s", (command, rows) => {
  it.each(rows)("refuses %s", async (_, args, refusal, variables = {}) => {
    const writes = lab.writes.length;
    expectRefusal(await lab.farrier([command, ...args], { environment: variables }), refusal);
    await expectNothingChanged(writes);
    expect([mode("elsewhere"), lstatSync(lab.path("dangling")).isSymbolicLink()]).toEqual(["755", true]);
  });
});

it("after all that, what was there can still be opened", async () => {
  await done("restore", "other", "--cluster", "lima", "--diff");
  await done("restore", "etcd", "--to", "taken-out.db");
  expect(readFileSync(lab.path("taken-out.db")).equals(snapshot)).toBe(true);
  expect(existsSync(lab.path("new"))).toBe(false);
});
