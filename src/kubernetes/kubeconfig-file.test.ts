import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readForeignKubeconfig, readKubeconfig } from "./kubeconfig-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-kubeconfig-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Parts {
  readonly cluster?: object;
  readonly user?: object | null;
}

const config = ({ cluster = {}, user = {} }: Parts = {}): string =>
  JSON.stringify({
    "current-context": "one",
    contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server: "https://one.example:6443", ...cluster } }],
    users: [{ name: "u", user }],
  });

describe("a kubeconfig that was read on another machine", () => {
  const usable: [string, Parts][] = [
    ["a token", { user: { token: "t" } }],
    ["a certificate and key of its own", { user: { "client-certificate-data": "QQ==", "client-key-data": "QQ==" } }],
    ["name and password", { user: { username: "a", password: "b" } }],
    ["a CA of its own", { cluster: { "certificate-authority-data": "QQ==" } }],
    ["no user's facts at all", { user: null }],
    ["a plugin that is written as none", { user: { token: "t", exec: null, "auth-provider": null } }],
  ];
  it.each(usable)("may have %s", (_, parts) => {
    const read = readForeignKubeconfig(config(parts), "the node's kubeconfig");
    expect([read.currentContext, read.clusters.get("c")?.value.server]).toEqual(["one", "https://one.example:6443"]);
  });

  const refused: [string, Parts][] = [
    ["a file with a CA", { cluster: { "certificate-authority": "/etc/ca.crt" } }],
    ["a file with a certificate", { user: { "client-certificate": "/etc/tls.crt" } }],
    ["a file with a key", { user: { "client-key": "/etc/tls.key" } }],
    ["a file with a token", { user: { tokenFile: "/var/run/token" } }],
    ["a program", { user: { exec: { command: "aws" } } }],
    ["a provider", { user: { "auth-provider": { name: "gcp" } } }],
  ];
  it.each(refused)("may not name %s: it would be one of this machine", (_, parts) => {
    expect(() => readForeignKubeconfig(config(parts), "the node's kubeconfig")).toThrow(
      expect.objectContaining({
        code: "kubeconfig.invalid",
        message: "the node's kubeconfig names files or programs of the machine that it is on.",
      }),
    );
  });
});

describe("what is no kubeconfig", () => {
  const rows: [string, string, string, RegExp][] = [
    ["nothing", "", "input.file-empty", /is empty\.$/],
    ["no YAML", "token: [s3cr3t", "kubeconfig.invalid", /is not valid YAML\.$/],
    [
      "one that was cut off within a token",
      "clusters: [{name: c, cluster: {}}]\nusers: [{name: u, user: {token: s3cr3t",
      "kubeconfig.invalid",
      /is not valid YAML\.$/,
    ],
    ["a text", "just words", "kubeconfig.invalid", /is not a kubeconfig/],
    ["another document", "kind: Secret\n", "kubeconfig.invalid", /it has no contexts\.$/],
    ["lists of nothing", "contexts: []\nclusters: []\n", "kubeconfig.invalid", /it has no contexts\.$/],
    [
      "a context without its cluster",
      "contexts: [{name: one, context: {user: u}}]",
      "kubeconfig.invalid",
      /contexts\.0\.context\.cluster is missing or of another kind\.$/,
    ],
    [
      "a token that is a number",
      "clusters: [{name: c, cluster: {}}]\nusers: [{name: u, user: {token: 12345}}]",
      "kubeconfig.invalid",
      /users\.0\.user\.token is missing or of another kind\.$/,
    ],
  ];
  it.each(rows)("%s is refused, and none of it is repeated", async (_, text, code, message) => {
    const file = join(folder, "file");
    await writeFile(file, text);
    const error: unknown = await readKubeconfig(file).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(JSON.stringify([String(error), Object(error).cause])).not.toMatch(/s3cr3t|12345/);
  });

  it("a file that is too large for one is not read into the parser", async () => {
    const file = join(folder, "large");
    await writeFile(file, Buffer.alloc(10 * 1024 * 1024 + 1, "#"));
    await expect(readKubeconfig(file)).rejects.toMatchObject({ code: "input.file-too-large" });
    await writeFile(file, `${config()}${" ".repeat(10 * 1024 * 1024 - config().length)}`);
    await expect(readKubeconfig(file)).resolves.toMatchObject({ currentContext: "one" });
  });

  it("a directory, and what is not there, are told apart", async () => {
    await expect(readKubeconfig(folder)).rejects.toMatchObject({ code: "input.file-unreadable" });
    await expect(readKubeconfig(join(folder, "none"))).rejects.toMatchObject({ code: "input.file-missing" });
  });
});

describe("a kubeconfig with two of the same name", () => {
  it("means the last of them, where a key is written twice", () => {
    const text = "clusters: [{name: c, cluster: {server: https://a}}]\ncurrent-context: one\ncurrent-context: two\n";
    expect(readForeignKubeconfig(text, "x").currentContext).toBe("two");
  });

  it("means the last of them, as in the list of a file", async () => {
    const file = join(folder, "twice");
    const clusters = ["https://first", "https://second"].map((server) => ({ name: "c", cluster: { server } }));
    await writeFile(file, JSON.stringify({ contexts: null, users: null, clusters }));
    expect((await readKubeconfig(file)).clusters.get("c")).toEqual({
      value: { server: "https://second", "insecure-skip-tls-verify": false },
      directory: folder,
    });
  });
});
