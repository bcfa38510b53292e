import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { createRoot } from "../../src/pki/issuing/authority.ts";
import { type CommandLab, expectRefusal, startCommandLab, TARGET } from "../helpers/command-lab.ts";
import { json } from "../helpers/journey.ts";
import { type ScriptedServer, startScriptedServer } from "../helpers/scripted-server.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

const CANARY = "planted-canary-4711";

let lab: CommandLab;
let foreign: ScriptedServer;
let filesBefore: unknown;
let worldBefore: Record<string, unknown>;
beforeAll(async () => {
  lab = await startCommandLab();
  await lab.plan("rotation");
  foreign = await startForeignServer();
  await writeKubeconfigs();
  lab.put("wrong-token", `token-abcde:${CANARY}\n`);
  lab.put("no-token", `${CANARY}\u0000\u0007é\n`);
  lab.writes.length = 0;
  filesBefore = await lab.files();
  worldBefore = await restingWorld(lab.sandbox);
});
afterAll(async () => {
  await foreign?.stop();
  await lab?.stop();
});

/** Trusted by everybody in the estate, and no Rancher. */
async function startForeignServer(): Promise<ScriptedServer> {
  const issued = await lab.sandbox.pki.today.issue();
  return await startScriptedServer(
    (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>It works!</h1>"),
    { issued },
  );
}

type User = Readonly<Record<string, unknown>>;

/** The management kubeconfig with one thing changed. */
function kubeconfig(name: string, change: { readonly cluster?: User; readonly user?: User }): void {
  const config: { clusters: { cluster: User }[]; users: { user: User }[] } = parse(lab.sandbox.managementKubeconfig);
  for (const one of config.clusters) one.cluster = { ...one.cluster, ...change.cluster };
  for (const one of config.users) one.user = change.user ?? one.user;
  lab.put(name, stringify(config));
}

async function plugin(name: string, script: string): Promise<void> {
  const command = join(lab.folder, `${name}.sh`);
  await writeFile(command, `#!/bin/sh\n${script}\n`);
  await chmod(command, 0o755);
  pluginKubeconfig(name, command);
}

function pluginKubeconfig(name: string, command: string): void {
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command, args: [], interactiveMode: "Never" };
  kubeconfig(name, { user: { exec } });
}

async function writeKubeconfigs(): Promise<void> {
  const { tokens, access } = lab.sandbox.managementServer;
  kubeconfig("unreachable", { cluster: { server: "https://127.0.0.1:1" } });
  kubeconfig("no-kubernetes", {
    cluster: { server: foreign.origin, "certificate-authority-data": base64(lab.sandbox.pki.today.bundle) },
  });
  const other = await createRoot({ commonName: "Other", now: new Date() });
  kubeconfig("other-ca", { cluster: { "certificate-authority-data": base64(other.certificatePem) } });
  kubeconfig("bad-ca", { cluster: { "certificate-authority-data": base64("garbage") } });
  kubeconfig("expired", { user: { token: CANARY } });
  tokens.add("stranger-token", { name: "stranger", groups: ["system:authenticated"] });
  kubeconfig("stranger", { user: { token: "stranger-token" } });
  tokens.add("reader-token", { name: "reader", groups: ["system:authenticated"] });
  const everything = { apiGroups: ["*"], resources: ["*"], nonResourceURLs: ["*"] };
  access.grant({ kind: "user", name: "reader" }, [{ verbs: ["get", "list", "watch"], ...everything }]);
  kubeconfig("reader", { user: { token: "reader-token" } });
  kubeconfig("binary-token", { user: { token: `${CANARY}\u0007` } });
  kubeconfig("half-a-key", { user: { "client-certificate-data": base64("garbage"), "client-key-data": base64("x") } });
  pluginKubeconfig("no-plugin", "farrier-test-no-such-plugin");
  await plugin("failing-plugin", `echo ${CANARY} >&2; exit 1`);
  await plugin("talking-plugin", `echo ${CANARY}`);
  lab.put("all", lab.sandbox.kubeconfig);
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What every one of them is said to, instead of a look at the estate. */
type Row = readonly [name: string, flags: string, exit: number, code: string, says: RegExp, hint: RegExp];

describe("a kubeconfig that does not open the management cluster", () => {
  const rows: readonly Row[] = [
    [
      "unreachable",
      "unreachable",
      1,
      "api.unreachable",
      /ECONNREFUSED/,
      /"management" leads to https:\/\/127\.0\.0\.1:1/,
    ],
    ["no API server", "no-kubernetes", 1, "api.unavailable", /management cluster answered/, /https:\/\/localhost/],
    ["signed by somebody else", "other-ca", 1, "api.untrusted", /not trusted/, /CA that is configured/],
    ["a CA that is none", "bad-ca", 2, "kubeconfig.credentials", /holds a CA/, /\w/],
    ["an expired token", "expired", 2, "api.unauthorized", /401/, /Renew the kubeconfig/],
    ["an account without rights", "stranger", 1, "api.forbidden", /403.*namespaces/, /permission/],
    ["half a client certificate", "half-a-key", 2, "kubeconfig.credentials", /client certificate/, /\w/],
    ["a token that cannot be one", "binary-token", 2, "kubeconfig.credentials", /characters that no token has/, /\w/],
    ["a plugin that is not installed", "no-plugin", 2, "kubeconfig.credentials", /no-such-plugin" is not/, /kubectl/],
    ["a plugin that fails", "failing-plugin", 2, "kubeconfig.credentials", /plugin\.sh" failed/, /kubectl/],
    [
      "a plugin that says something else",
      "talking-plugin",
      2,
      "kubeconfig.credentials",
      /did not answer with/,
      /kubectl/,
    ],
    [
      "another context",
      "kubeconfig --context production",
      2,
      "kubeconfig.context",
      /"production"/,
      /It has: management/,
    ],
    ["a downstream cluster", "all --context paris", 2, "rancher.not-found", /runs no Rancher/, /local/],
  ];
  it.concurrent.each(rows)("%s", async (_name, flags, exit, code, says, hint) => {
    const [file = "", ...more] = flags.split(" ");
    const ended = await lab.farrier(["observe", "--kubeconfig", file, ...more]);
    expectRefusal(ended, { exit, code, says, hint });
    expect(ended.stderr).not.toContain(CANARY);
  });
});

describe("a server that is not the estate's Rancher", () => {
  const rows: readonly Row[] = [
    [
      "another web server",
      "FOREIGN",
      2,
      "rancher.not-a-rancher",
      /https:\/\/localhost:\d+.* is not a Rancher/,
      /server-url/,
    ],
    ["without TLS", "http://localhost", 2, "input.invalid", /"http:\/\/localhost"/, /\w/],
    ["no URL", "rancher.example.com", 2, "input.invalid", /"rancher\.example\.com"/, /\w/],
  ];
  it.concurrent.each(rows)("%s", async (_name, server, exit, code, says, hint) => {
    const url = server === "FOREIGN" ? foreign.origin : server;
    expectRefusal(await lab.farrier(["check", "--server", url]), { exit, code, says, hint });
  });

  it.concurrent("that presents a certificate of somebody else is shown as what it is, and not planned for", async () => {
    const stranger = await startScriptedServer((_request, response) => response.end("{}"));
    try {
      const ended = await lab.farrier(["plan", ...TARGET, "--out", "r", "--server", stranger.origin]);
      expect(ended).toMatchObject({ code: 3, stderr: "" });
      expect(ended.stdout).toMatch(/error .*not trusted.*\[rancher\.unreachable\]/);
      expect(stranger.requests).toEqual([]);
    } finally {
      await stranger.stop();
    }
  });
});

describe("a token that Rancher does not accept", () => {
  it.concurrent.each(["check", "plan"])("is an error among the findings of %s", async (command) => {
    const flags = command === "plan" ? [...TARGET, "--out", "r"] : [];
    const ended = await lab.farrier([command, ...flags, "--token-file", "wrong-token", "-o", "json"]);
    expect(ended).toMatchObject({ code: 3, stderr: "" });
    const { findings } = json(ended.stdout);
    expect(findings).toContainEqual(expect.objectContaining({ code: "token.invalid", severity: "error" }));
    expect(ended.stdout).not.toContain(CANARY);
  });

  const commands = ["apply rotation --yes", "prove rotation"] as const;
  it.concurrent.each(commands)("stops %s", async (line) => {
    const ended = await lab.farrier([...line.split(" "), "--token-file", "wrong-token"]);
    const expected = { says: /Rancher at localhost:\d+ does not accept/, hint: /Account & API Keys/ };
    expectRefusal(ended, { exit: 2, code: "rancher.token-refused", ...expected });
    expect(ended.stderr).not.toContain(CANARY);
  });

  it.concurrent("and one that cannot be a token is refused without being sent or shown", async () => {
    const ended = await lab.farrier(["observe", "--token-file", "no-token"]);
    expectRefusal(ended, { exit: 2, code: "input.invalid", says: /no-token/, hint: /\w/ });
    expect(ended.stderr).not.toContain(CANARY);
  });
});

describe("an account that may look and not change", () => {
  it.concurrent("can observe", async () => {
    expect(await lab.farrier(["observe", "--kubeconfig", "reader"])).toMatchObject({ code: 0, stderr: "" });
  });

  it.concurrent("is told at planning what it lacks", async () => {
    const ended = await lab.farrier(["plan", ...TARGET, "--out", "r", "--kubeconfig", "reader"]);
    expect(ended).toMatchObject({ code: 3, stderr: "" });
    expect(ended.stdout).toMatch(/error .*update secrets cattle-system.*\[permission\.missing\]/);
  });

  it.concurrent("cannot begin what somebody else has planned", async () => {
    const ended = await lab.farrier(["apply", "rotation", "--yes", "--kubeconfig", "reader"]);
    expectRefusal(ended, { exit: 1, code: "api.forbidden", says: /403.*configmaps/, hint: /permission/ });
  });
});

describe("after all of that", () => {
  it("no file was made or changed, and the estate saw no write", async () => {
    expect(await lab.files()).toEqual(filesBefore);
    expect(lab.writes).toEqual([]);
    await expectWorld(lab.sandbox, worldBefore);
  });

  it("a Rancher that is too old is looked at and not planned for", async () => {
    const settings = { group: "management.cattle.io", version: "v3", resource: "settings" };
    const body = { value: "v2.5.16" };
    await lab.sandbox.management.patch(settings, "server-version", { type: "merge", body });
    const ended = await lab.farrier(["plan", ...TARGET, "--out", "r"]);
    expect(ended).toMatchObject({ code: 3, stderr: "" });
    expect(ended.stdout).toMatch(/error .*v2\.5\.16 is older than 2\.6\. {2}\[rancher\.too-old\]\n {9}\S/);
  });
});
