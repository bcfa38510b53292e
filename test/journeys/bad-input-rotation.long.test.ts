import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateX25519Identity } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandLab, expectRefusal, startCommandLab } from "../helpers/command-lab.ts";
import { json } from "../helpers/journey.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

/** A rotation that is finished, and one that is planned after it; every row has a copy of one of them. */
let lab: CommandLab;
let filesBefore: unknown;
let worldBefore: Record<string, unknown>;
beforeAll(async () => {
  lab = await startCommandLab();
  // An agent must have failed its start check before it counts as armed, also where the machine is busy.
  lab.put("farrier.yaml", `${SETTINGS}armingMinReadySeconds: 120\n`);
  await lab.plan("done");
  const applied = await lab.farrier(["apply", "done", "--yes"]);
  expect(applied.code, applied.stderr).toBe(0);
  await planNext();
  for (const [name, spoil] of Object.entries(SPOILT)) {
    await cp(lab.path(name.startsWith("journal") ? "done" : "planned"), lab.path(name), { recursive: true });
    await spoil(lab.path(name));
  }
  await writeOthers();
  lab.writes.length = 0;
  filesBefore = await lab.files();
  worldBefore = await restingWorld(lab.sandbox);
});
afterAll(async () => {
  await lab?.stop();
});

const SETTINGS = "kubeconfig: kubeconfig\ntokenFile: token\n";
const NEXT = ["--cert", "next/tls.crt", "--key", "next/tls.key", "--cacerts", "next/cacerts.pem"];

async function planNext(): Promise<void> {
  const authority = await lab.sandbox.pki.newAuthority("Next");
  const { certificate, key } = await authority.issue();
  lab.put("next/tls.crt", certificate);
  lab.put("next/tls.key", key);
  lab.put("next/cacerts.pem", authority.bundle);
  const planned = await lab.farrier(["plan", ...NEXT, "--out", "planned"]);
  expect(planned.code, planned.stderr).toBe(0);
}

async function writeOthers(): Promise<void> {
  lab.put("other-identity", `${await generateX25519Identity()}\n`);
  lab.put("words", "this is no identity\n");
  lab.put("recipient.yaml", `${SETTINGS}recipients: [age1nobody]\n`);
  lab.put("canary.yaml", `${SETTINGS}waves: { canary: [parys] }\n`);
  lab.put("cluster.yaml", `${SETTINGS}clusters: { atlantis: { method: redeploy } }\n`);
  lab.put("unarmed.yaml", `${SETTINGS}clusters: { paris: { acceptUnarmed: true } }\n`);
}

type Spoil = (directory: string) => Promise<unknown>;

const edit =
  (file: string, change: (text: string) => string): Spoil =>
  async (directory) =>
    writeFile(join(directory, file), change(await readFile(join(directory, file), "utf8")));
const lines = (change: (lines: string[]) => string[]): Spoil =>
  edit("journal.jsonl", (text) => `${change(text.trimEnd().split("\n")).join("\n")}\n`);
const sealed = async (directory: string): Promise<string> => {
  const names = await readdir(join(directory, "backups"));
  return join(directory, "backups", names.find((name) => name.startsWith("serving-target")) ?? "");
};

/** Named after what is wrong with them; those of the journal are copies of the finished one. */
const SPOILT: Readonly<Record<string, Spoil>> = {
  "plan-truncated": edit("plan.json", (text) => text.slice(0, 3000)),
  "plan-empty": edit("plan.json", () => ""),
  "plan-bytes": (directory) => writeFile(join(directory, "plan.json"), Uint8Array.from([0, 159, 146, 150])),
  "plan-list": edit("plan.json", () => "[]"),
  "plan-missing": (directory) => rm(join(directory, "plan.json")),
  "plan-later": edit("plan.json", (text) => text.replace("farrier.plan/v1", "farrier.plan/v7")),
  "plan-edited": edit("plan.json", (text) => text.replace('"method": "patch"', '"method": "redeploy"')),
  "plan-cut": edit("plan.json", (text) => JSON.stringify({ ...json(text), stages: undefined })),
  "backup-altered": async (directory) => edit(await sealed(directory), (text) => `${text} `)(""),
  "backup-missing": async (directory) => rm(await sealed(directory)),
  "backup-keyless": (directory) => rm(join(directory, "backups/rotation-key.age")),
  "backup-none": (directory) => rm(join(directory, "backups"), { recursive: true }),
  "request-garbage": async (directory) => {
    await mkdir(join(directory, "requests"));
    await writeFile(join(directory, "requests/1-a-waive.json"), "{}");
  },
  "journal-edited": lines((all) => all.map((line, index) => (index === 4 ? line.replace('"type":', '"sort":') : line))),
  "journal-backdated": lines((all) =>
    all.map((line, index) => (index === 4 ? line.replace('"at":"20', '"at":"19') : line)),
  ),
  "journal-gap": lines((all) => all.toSpliced(5, 1)),
  "journal-repeated": lines((all) => all.toSpliced(5, 0, all[4] ?? "")),
  "journal-bytes": (directory) => writeFile(join(directory, "journal.jsonl"), "\u0000\u0001\n\u0002\n"),
  "journal-unknown": lines((all) => [...all, "{}"]),
  "journal-short": lines((all) => all.slice(0, -3)),
  "journal-lost": (directory) => rm(join(directory, "journal.jsonl")),
  "journal-folder": async (directory) => {
    await rm(join(directory, "journal.jsonl"));
    await mkdir(join(directory, "journal.jsonl"));
  },
  "journal-foreign": async (directory) => {
    const plan = await readFile(lab.path("planned/plan.json"), "utf8");
    await writeFile(join(directory, "plan.json"), plan);
  },
};

type Row = readonly [line: string, exit: number, code: string, says: RegExp, hint: RegExp];

function refusals(rows: readonly Row[]): void {
  it.concurrent.each(rows)("%s", async (line, exit, code, says, hint) => {
    expectRefusal(await lab.farrier(line.split(" ")), { exit, code, says, hint });
  });
}

describe("a plan that is not as it was written", () =>
  refusals([
    ["apply plan-truncated --yes", 2, "plan.unreadable", /plan-truncated\/plan\.json is cut off/, /new plan/],
    ["status plan-empty", 2, "plan.unreadable", /plan-empty\/plan\.json is cut off/, /new plan/],
    ["prove plan-bytes", 2, "plan.unreadable", /plan-bytes\/plan\.json is cut off, or is not JSON/, /new plan/],
    ["report plan-list", 2, "plan.invalid", /plan-list\/plan\.json is not a plan/, /new plan/],
    ["apply plan-missing --yes", 2, "input.file-missing", /plan-missing\/plan\.json/, /farrier plan --out/],
    ["apply plan-later --yes", 2, "plan.other-version", /farrier\.plan\/v7/, /version that wrote/],
    ["apply plan-edited --yes", 2, "plan.edited", /plan-edited\/plan\.json was changed/, /farrier\.yaml/],
    ["waive plan-cut paris --by a --reason b --until 2099-01-01", 2, "plan.invalid", /plan\.json.*stages/, /new plan/],
    ["resume journal-foreign --yes", 2, "journal.broken", /belongs to rotation r-/, /farrier adopt/],
  ]));

describe("a journal that is not as it was written", () =>
  refusals([
    ["status journal-edited", 2, "journal.broken", /Line 5 .*type/, /farrier adopt/],
    ["apply journal-backdated --yes", 2, "journal.broken", /Line 6 .*does not continue line 5/, /farrier adopt/],
    ["report --verify journal-gap", 2, "journal.broken", /Line 6 .*is entry 7/, /farrier adopt/],
    ["rollback journal-repeated --yes", 2, "journal.broken", /Line 6 .*is entry 5/, /farrier adopt/],
    ["pause journal-bytes", 2, "journal.broken", /Line 1 .*is not JSON/, /farrier adopt/],
    ["report journal-unknown", 2, "journal.broken", /is not an entry/, /farrier adopt/],
    ["apply journal-folder --yes", 2, "input.file-unreadable", /journal\.jsonl cannot be read/, /regular file/],
    ["apply journal-short --yes", 6, "lock.held", /has seen \d+ entries/, /farrier adopt/],
    ["report --verify journal-short", 1, "journal.head-differs", /knows of \d+/, /farrier adopt/],
    ["apply journal-lost --yes", 6, "lock.held", /has seen \d+ entries.*has 0/, /farrier adopt/],
    ["rollback journal-lost --yes", 1, "journal.head-differs", /has seen \d+ entries/, /farrier adopt/],
    ["report journal-lost", 1, "journal.head-differs", /has seen \d+ entries/, /farrier adopt/],
  ]));

describe("backups that cannot be opened", () => {
  const rows: readonly (readonly [name: string, rotation: string, identity: string, code: string, says: RegExp])[] = [
    ["without an identity", "planned", "nowhere", "backup.identity-missing", /no age identity at nowhere/],
    [
      "with another identity",
      "planned",
      "other-identity",
      "backup.cannot-decrypt",
      /rotation-key\.age cannot be decrypted/,
    ],
    ["with a file that is none", "planned", "words", "backup.identity-invalid", /words holds no usable age identity/],
    ["when one was altered", "backup-altered", "", "backup.altered", /serving-target-\w+\.age is not the file/],
    ["when one is missing", "backup-missing", "", "backup.missing", /serving-target-\w+\.age is missing/],
    ["when their key is missing", "backup-keyless", "", "backup.missing", /rotation-key\.age is missing/],
    ["when all are missing", "backup-none", "", "backup.missing", /rotation-key\.pub is missing/],
  ];
  it.concurrent.each(rows)("%s", async (_name, rotation, identity, code, says) => {
    const environment = identity === "" ? {} : { FARRIER_IDENTITY: identity };
    expectRefusal(await lab.farrier(["apply", rotation, "--yes"], { environment }), { exit: 2, code, says });
  });
});

describe("nobody to ask, and no --yes", () => {
  const commands = ["apply planned", "resume planned", "rollback done", "adopt journal-lost"];
  it.concurrent.each(commands)("farrier %s", async (line) => {
    const says = /Nothing was changed: there is no terminal/;
    expectRefusal(await lab.farrier(line.split(" ")), { exit: 2, code: "input.not-confirmed", says, hint: /--yes/ });
  });

  it.concurrent("as data too", async () => {
    const ended = await lab.farrier(["apply", "planned", "-o", "json"]);
    expect(ended.code).toBe(2);
    expect(json(ended.stdout)).toMatchObject({ type: "error", code: "input.not-confirmed" });
  });
});

describe("a waiver that could not count", () => {
  const rows: readonly (readonly [
    name: string,
    change: Readonly<Record<string, string>>,
    code: string,
    says: RegExp,
    hint: RegExp,
  ])[] = [
    ["until no date", { until: "soon" }, "input.invalid", /"soon" is not a time/, /2027-01-31/],
    ["until a day that does not exist", { until: "2099-02-30" }, "input.invalid", /"2099-02-30"/, /2027-01-31/],
    ["until a time without zone", { until: "2099-02-03T10:00:00" }, "input.invalid", /2099-02-03T10/, /2027-01-31/],
    ["until yesterday's year", { until: "2020-01-01" }, "input.invalid", /in the past/, /Name a day/],
    ["by nobody", { by: " " }, "input.invalid", /--by must not be empty/, /--by NAME/],
    ["for no reason", { reason: "" }, "input.invalid", /--reason must not be empty/, /--reason TEXT/],
    ["of a name that nobody has", { cluster: "parys" }, "input.cluster-unknown", /parys/, /Did you mean paris/],
    ["of an id that nobody has", { cluster: "c-nobody" }, "input.cluster-unknown", /c-nobody/, /farrier observe/],
  ];
  it.concurrent.each(rows)("%s", async (_name, change, code, says, hint) => {
    const { cluster, ...flags } = { cluster: "paris", by: "me", reason: "offline", until: "2099-01-01", ...change };
    const words = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    expectRefusal(await lab.farrier(["waive", "planned", cluster, ...words]), { exit: 2, code, says, hint });
  });
});

const plan = `plan ${NEXT.join(" ")} --out r`;

describe("what else cannot be meant", () =>
  refusals([
    ["apply planned --yes --gate-wait long", 2, "input.invalid", /--gate-wait .*"long"/, /\w/],
    ["apply request-garbage --yes", 2, "input.invalid", /1-a-waive\.json is not a request/, /Remove the file/],
    ["rollback planned --yes", 4, "rotation.held", /nothing to roll back/, /\w/],
    ["report planned", 4, "rotation.held", /nothing to report/, /farrier apply/],
    [
      `plan ${NEXT.join(" ")} --out planned`,
      2,
      "rotation.exists",
      /planned already holds a rotation/,
      /farrier status/,
    ],
    [`${plan} --config recipient.yaml`, 2, "backup.recipient-invalid", /"age1nobody"/, /recipients/],
    [`${plan} --config canary.yaml`, 2, "input.cluster-unknown", /parys/, /Did you mean paris/],
    [`${plan} --config cluster.yaml`, 2, "input.cluster-unknown", /atlantis/, /farrier observe/],
    [`${plan} --config unarmed.yaml`, 2, "input.invalid", /acceptUnarmed/, /method: redeploy/],
  ]));

describe("after all of that", () => {
  it("no file was made or changed, and the estate saw no write", async () => {
    expect(await lab.files()).toEqual(filesBefore);
    expect(lab.writes).toEqual([]);
    await expectWorld(lab.sandbox, worldBefore);
  });
});
