/** No key, token or password can be read in anything that a run produces, whether it succeeds or fails. */
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secretText, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";
import { type Canary, keyCanary, readableIn, textCanary } from "../helpers/secret-search.ts";

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const PASSPHRASE = "Canary-Passphrase-9f27c1";
const OTHER_TOKEN = "token-abcde:canarytokenthatranchernevergave4711wxyz";
const FILES = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];

let journey: Journey;
let canaries: readonly Canary[];
let codes: Readonly<Record<string, number | null>>;

/** Exit codes of commands that go well, in the order of a life; the rotation is rolled back in the end. */
const WELL: readonly (readonly string[])[] = [
  ["observe", "-o", "json"],
  ["check", ...FILES, "-o", "json"],
  ["plan", ...FILES, "--out", "rotation", "-o", "json"],
  ["plan", ...FILES, "--out", "manual", "--manual"],
  ["apply", "rotation", "--yes", "-o", "json"],
  ["status", "rotation", "-o", "yaml"],
  ["prove", "rotation", "-o", "json"],
  ["report", "rotation", "-o", "json"],
  ["rollback", "rotation", "--yes", "-o", "json"],
  ["report", "rotation"],
];

/** Commands that fail with a secret in their hands. */
const BADLY: readonly (readonly [string, readonly string[]])[] = [
  ["a key of another certificate", ["plan", "--cert", "tls.crt", "--key", "other.key", "--out", "x", "-o", "json"]],
  ["a key that is cut off", ["plan", "--cert", "tls.crt", "--key", "cut.key", "--out", "x"]],
  ["a key as the certificate", ["check", "--cert", "tls.key", "--key", "tls.key", "--cacerts", "tls.key"]],
  ["a key as the kubeconfig", ["observe", "--kubeconfig", "tls.key"]],
  ["a key as the settings", ["observe", "--config", "tls.key"]],
  ["a token as the settings", ["observe", "--config", "other-token"]],
  ["a token that is not Rancher's", ["check", "--token-file", "other-token", "-o", "json"]],
  ["a key as the token", ["check", "--token-file", "tls.key"]],
  [
    "a wrong passphrase",
    ["check", "--cert", "tls.crt", "--key", "locked.key", "--key-passphrase-file", "passphrase", "-o", "json"],
  ],
  ["an identity that cannot open the backups", ["apply", "manual", "--yes", "-o", "json", "--config", "wrong.yaml"]],
];

beforeAll(async () => {
  journey = await startJourney({ clusters: 2 });
  const { sandbox, folder, target } = journey;
  await setMinReadySeconds(sandbox.clusters);
  const today = await secretText(sandbox, "tls-rancher-ingress", "tls.key");
  await repeatInAnnotation(today);
  const other = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
  const otherPem = other.export({ type: "pkcs8", format: "pem" }).toString();
  const locked = createPrivateKey(target.key).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "another one",
  });
  const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  await Promise.all([
    put("other.key", otherPem),
    put("cut.key", `${otherPem.slice(0, -60)}\n`),
    put("locked.key", locked.toString()),
    put("passphrase", PASSPHRASE),
    put("other-token", OTHER_TOKEN),
    put("wrong-identity", "AGE-SECRET-KEY-1QQQQQQQQQQQQQQ\n"),
    put("wrong.yaml", "kubeconfig: kubeconfig\ntokenFile: token\nidentityFile: wrong-identity\n"),
  ]);
  canaries = [
    keyCanary("the target's key", target.key),
    keyCanary("today's key", today),
    keyCanary("another key", otherPem),
    textCanary("the token", sandbox.token.split(":")[1] ?? ""),
    textCanary("another token", OTHER_TOKEN.split(":")[1] ?? ""),
    textCanary("the passphrase", PASSPHRASE),
  ];
  codes = await run();
});

afterAll(() => journey?.stop());

/** As `kubectl apply` leaves it: the whole Secret once more, in clear. */
async function repeatInAnnotation(key: string): Promise<void> {
  const { management } = journey.sandbox;
  const data = { "tls.key": Buffer.from(key).toString("base64") };
  const applied = JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "tls-rancher-ingress" }, data });
  const body = { metadata: { annotations: { [LAST_APPLIED]: `${applied}\n` } } };
  await management.patch(SECRETS, "tls-rancher-ingress", { type: "merge", body });
}

async function run(): Promise<Record<string, number | null>> {
  const ended: [string, number | null][] = [];
  for (const words of WELL) ended.push([words.join(" "), (await journey.farrier(...words)).code]);
  for (const [name, words] of BADLY) ended.push([name, (await journey.farrier(...words)).code]);
  return Object.fromEntries(ended);
}

describe("the search itself", () => {
  it("finds a key, however it is written down", async () => {
    const { key } = journey.target;
    const once = Buffer.from(key).toString("base64");
    const der = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
    const { d = "" } = createPrivateKey(key).export({ format: "jwk" });
    const forms = [key, JSON.stringify({ key }), once, `x${once}`, der, der.toString("base64"), der.toString("hex"), d];
    const nested = ["", "a", "ab"].map((before) => Buffer.from(`${before}${once}`).toString("base64"));
    for (const form of [...forms, ...nested]) expect(readableIn(form, canaries)).toEqual(["the target's key"]);
    const certificate = Buffer.from(journey.target.certificate).toString("base64");
    expect(readableIn(certificate + journey.target.certificate, canaries)).toEqual([]);
  });

  it("finds tokens, and finds all of them where they belong", async () => {
    const found = async (name: string) => readableIn(await readFile(join(journey.folder, name)), canaries);
    expect(await found("token")).toEqual(["the token"]);
    expect(await found("other-token")).toEqual(["another token"]);
    expect(readableIn(Buffer.from(`Bearer ${OTHER_TOKEN}`).toString("base64"), canaries)).toEqual(["another token"]);
    const secret = JSON.stringify(await journey.sandbox.management.get(SECRETS, "tls-rancher-ingress"));
    expect(readableIn(secret, canaries)).toEqual(["today's key"]);
  });
});

describe("a rotation, its rollback, and commands that fail", () => {
  it("did what they were to do", () => {
    expect(WELL.map((words) => codes[words.join(" ")])).toEqual(WELL.map(() => 0));
    for (const [name] of BADLY) expect(codes[name], name).toBeGreaterThan(0);
  });

  it("say no secret, neither on stdout nor on stderr", () => {
    expect(journey.said().length).toBeGreaterThan(10_000);
    expect(readableIn(journey.said(), canaries)).toEqual([]);
  });

  it("leave no readable secret in any file of the rotation, nor beside it", async () => {
    const mine = new Set(["tls.key", "other.key", "cut.key", "token", "other-token", "passphrase"]);
    const entries = await readdir(journey.folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    const produced = paths.filter((path) => !mine.has(path.slice(journey.folder.length + 1)));
    const names = produced.map((path) => path.slice(journey.folder.length + 1)).join("\n");
    for (const part of ["rotation/plan.json", "rotation/rollback-1.json", "journal.jsonl", "backups/", "report.html"]) {
      expect(names).toContain(part);
    }
    const told = await Promise.all(produced.map(async (path) => [path, readableIn(await readFile(path), canaries)]));
    expect(told.filter(([, found]) => found?.length !== 0)).toEqual([]);
  });

  it("leave the owner's identity out of the rotation", async () => {
    const identity = await readFile(join(journey.folder, "config/farrier/identity.txt"), "utf8");
    const key = textCanary("the identity", identity.match(/AGE-SECRET-KEY-1\w+/)?.[0] ?? "");
    const entries = await readdir(join(journey.folder, "rotation"), { recursive: true, withFileTypes: true });
    const files = entries.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name)));
    expect(readableIn(identity, [key])).toEqual(["the identity"]);
    expect((await Promise.all(files)).flatMap((content) => readableIn(content, [key]))).toEqual([]);
    expect(readableIn(journey.said(), [key])).toEqual([]);
  });

  it("write no secret into the estate but into the Secret that it belongs to", async () => {
    const { sandbox } = journey;
    const everywhere = ["secrets", "configmaps", "events", "pods"].map((resource) => ({ ...SECRETS, resource }));
    const kinds = [...everywhere, { ...SECRETS, group: "apps", resource: "deployments" }];
    const clusters = { group: "management.cattle.io", version: "v3", resource: "clusters" };
    const lists = await Promise.all([
      ...[sandbox, ...sandbox.clusters].flatMap((one) =>
        kinds.map((kind) => ("management" in one ? one.management : one.client).list(kind)),
      ),
      sandbox.management.list(clusters),
    ]);
    const objects = lists.flatMap(({ items }) => items);
    expect(objects.map(({ metadata }) => metadata.name)).toContain("farrier-rotation");
    const told = objects
      .filter((object) => readableIn(JSON.stringify(object), canaries).length > 0)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(told).toEqual(["Secret tls-rancher-ingress"]);
  });
});
