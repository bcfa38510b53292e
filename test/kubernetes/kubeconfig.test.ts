import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chooseContext } from "../../src/kubernetes/kubeconfig.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-kubeconfig-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

interface Parts {
  readonly name?: string;
  readonly cluster?: object;
  readonly user?: object;
}

async function write(file: string, { name = "one", cluster = {}, user = {} }: Parts): Promise<string> {
  const path = join(directory, file);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: `cluster-${name}`, user: `user-${name}` } }],
    clusters: [{ name: `cluster-${name}`, cluster: { server: `https://${name}.example:6443/base`, ...cluster } }],
    users: [{ name: `user-${name}`, user }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

describe("credentials of a context", () => {
  const rows: { name: string; parts: Parts; tls: object; headers: object }[] = [
    { name: "a token", parts: { user: { token: "t1" } }, tls: {}, headers: { authorization: "Bearer t1" } },
    {
      name: "a token file, relative to the kubeconfig, before the token beside it",
      parts: { user: { token: "old", tokenFile: "files/token" } },
      tls: {},
      headers: { authorization: "Bearer from-file" },
    },
    {
      name: "name and password",
      parts: { user: { username: "a", password: "b:c" } },
      tls: {},
      headers: { authorization: `Basic ${base64("a:b:c")}` },
    },
    {
      name: "a client certificate in the kubeconfig",
      parts: { user: { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") } },
      tls: { cert: "CERT", key: "KEY" },
      headers: {},
    },
    {
      name: "a client certificate in files",
      parts: { user: { "client-certificate": "files/cert", "client-key": "files/key" } },
      tls: { cert: "cert of the file", key: "key of the file" },
      headers: {},
    },
    {
      name: "a CA and another server name",
      parts: { cluster: { "certificate-authority-data": base64("CA"), "tls-server-name": "kubernetes" } },
      tls: { ca: "CA", servername: "kubernetes" },
      headers: {},
    },
    {
      name: "a CA file",
      parts: { cluster: { "certificate-authority": "files/ca" } },
      tls: { ca: "ca of the file" },
      headers: {},
    },
  ];
  it.each(rows)("are read: $name", async ({ parts, tls, headers }) => {
    await mkdir(join(directory, "files"));
    await writeFile(join(directory, "files", "token"), "from-file\n");
    for (const part of ["cert", "key", "ca"]) await writeFile(join(directory, "files", part), `${part} of the file`);
    const chosen = await chooseContext({ kubeconfig: await write("config", parts) });
    expect(chosen.server.href).toBe("https://one.example:6443/base");
    expect(await chosen.credentials()).toEqual({ tls, headers });
  });

  it("follow a token file that is renewed", async () => {
    await writeFile(join(directory, "token"), "first");
    const chosen = await chooseContext({ kubeconfig: await write("config", { user: { tokenFile: "token" } }) });
    expect((await chosen.credentials()).headers).toEqual({ authorization: "Bearer first" });
    await writeFile(join(directory, "token"), "second");
    expect((await chosen.credentials()).headers).toEqual({ authorization: "Bearer second" });
  });

  it("name the file that is missing", async () => {
    const chosen = await chooseContext({ kubeconfig: await write("config", { user: { "client-key": "gone.key" } }) });
    await expect(chosen.credentials()).rejects.toMatchObject({
      code: "kubeconfig.credentials",
      message: expect.stringContaining("gone.key"),
    });
  });

  it("are made by a plugin", async () => {
    const plugin = join(directory, "plugin.sh");
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "made" },
    };
    await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    await chmod(plugin, 0o755);
    const user = { exec: { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" } };
    const chosen = await chooseContext({
      kubeconfig: await write("config", { user, cluster: { "certificate-authority-data": base64("CA") } }),
    });
    expect(await chosen.credentials()).toEqual({ tls: { ca: "CA" }, headers: { authorization: "Bearer made" } });
  });
});

describe("without a named file", () => {
  it("the files in KUBECONFIG are merged, the first to name a thing wins, and missing ones are skipped", async () => {
    const first = await write("first", { name: "one", user: { token: "t1" } });
    const second = await write("second", { name: "two", user: { token: "t2" } });
    vi.stubEnv("KUBECONFIG", [join(directory, "none"), first, second].join(delimiter));
    expect((await chooseContext({})).context).toBe("one");
    const two = await chooseContext({ context: "two" });
    expect((await two.credentials()).headers).toEqual({ authorization: "Bearer t2" });
  });

  it("the one in the home directory is used", async () => {
    await mkdir(join(directory, ".kube"));
    await write(".kube/config", { name: "home" });
    vi.stubEnv("KUBECONFIG", "");
    vi.stubEnv("HOME", directory);
    expect((await chooseContext({})).context).toBe("home");
  });

  it("and without one at all, that is said", async () => {
    vi.stubEnv("KUBECONFIG", "");
    vi.stubEnv("HOME", directory);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "");
    await expect(chooseContext({})).rejects.toMatchObject({ code: "kubeconfig.invalid" });
  });

  it("a pod has its own account", async () => {
    vi.stubEnv("KUBECONFIG", "");
    vi.stubEnv("HOME", directory);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "fd00::1");
    vi.stubEnv("KUBERNETES_SERVICE_PORT", "6443");
    expect((await chooseContext({})).server.href).toBe("https://[fd00::1]:6443/");
  });
});

describe("a context that cannot be used", () => {
  it.each([
    {
      name: "a proxy",
      parts: { cluster: { "proxy-url": "http://proxy:3128" } },
      code: "kubeconfig.invalid",
      says: /proxy/,
    },
    {
      name: "no verification",
      parts: { cluster: { "insecure-skip-tls-verify": true } },
      code: "kubeconfig.insecure",
      says: /verification/,
    },
  ])("is refused: $name", async ({ parts, code, says }) => {
    const chosen = chooseContext({ kubeconfig: await write("config", parts) });
    await expect(chosen).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
  });
});
