import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Api } from "../../src/kubernetes/api.ts";
import { type Connection, connectKubeconfig } from "../../src/kubernetes/connection.ts";
import { configMaps, deployments, pods, secrets } from "../../src/kubernetes/resource.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";

let sandbox: Sandbox;
let connection: Connection;
let api: Api;
let directory: string;

beforeAll(async () => {
  sandbox = await startSandbox({ clusters: 1 });
  directory = await mkdtemp(join(tmpdir(), "farrier-verbs-"));
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, sandbox.clusters[0]?.kubeconfig ?? "");
  connection = await connectKubeconfig({ kubeconfig }, "cluster paris");
  ({ api } = connection);
});
afterAll(async () => {
  await connection?.close();
  await sandbox?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true });
});

const maps = configMaps("cattle-system");
const map = (name: string, data: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "cattle-system" },
  data,
});

describe("the verbs, on an API server", () => {
  it("create, read, replace under compare-and-swap, and delete", async () => {
    const made = await api.create(maps, map("one", { a: "1" }));
    await expect(api.create(maps, map("one", {}))).rejects.toMatchObject({ kind: "conflict", reason: "AlreadyExists" });
    const replaced = await api.replace(maps, { ...made, data: { a: "2" } });
    expect(replaced.data).toEqual({ a: "2" });
    await expect(api.replace(maps, { ...made, data: { a: "3" } })).rejects.toMatchObject({ kind: "conflict" });
    expect((await api.get(maps, "one"))?.data).toEqual({ a: "2" });
    await expect(api.delete(maps, "one", { uid: "another" })).rejects.toMatchObject({ kind: "conflict" });
    expect(await api.delete(maps, "one")).toBe(true);
    expect(await api.delete(maps, "one")).toBe(false);
    expect(await api.get(maps, "one")).toBeUndefined();
  });

  it("patch in three ways, and rehearse without a trace", async () => {
    await api.create(maps, map("two", { a: "1", b: "1" }));
    await api.patch(maps, "two", { kind: "merge", body: { data: { a: "2", b: null } } });
    await api.patch(maps, "two", { kind: "json", body: [{ op: "add", path: "/data/c", value: "3" }] });
    const rehearsed = await api.patch(maps, "two", { kind: "merge", body: { data: { d: "4" } }, dryRun: true });
    expect(rehearsed.data).toEqual({ a: "2", c: "3", d: "4" });
    expect((await api.get(maps, "two"))?.data).toEqual({ a: "2", c: "3" });
    const body = {
      spec: {
        template: { spec: { containers: [{ name: "cluster-register", env: [{ name: "EXTRA", value: "x" }] }] } },
      },
    };
    const agents = deployments("cattle-system");
    const patched = await api.patch(agents, "cattle-cluster-agent", { kind: "strategic", body, dryRun: true });
    expect(JSON.stringify(patched.spec)).toContain('"CATTLE_CA_CHECKSUM"');
    expect(JSON.stringify(patched.spec)).toContain('"EXTRA"');
  });

  it("wait for what happens, seen as a change and not as a poll", async () => {
    const waiting = api.watchUntil(
      maps,
      { name: "three" },
      ([object]) => (JSON.stringify(object?.data) === '{"done":"yes"}' ? object?.metadata.name : undefined),
      { deadlineMs: 20_000 },
    );
    await api.create(maps, map("three", {}));
    await api.patch(maps, "three", { kind: "merge", body: { data: { done: "yes" } } });
    expect(await waiting).toBe("three");
    const gone = api.watchUntil(maps, { name: "three" }, (objects) => (objects.length === 0 ? true : undefined), {
      deadlineMs: 20_000,
    });
    await api.delete(maps, "three");
    expect(await gone).toBe(true);
  });

  it("wait for an agent's new pod", async () => {
    const selection = { labelSelector: "app=cattle-cluster-agent" };
    const { items } = await api.list(pods("cattle-system"), selection);
    const old = items[0]?.metadata;
    const successor = api.watchUntil(
      pods("cattle-system"),
      selection,
      (objects) => objects.find(({ metadata }) => metadata.uid !== old?.uid)?.metadata.name,
      { deadlineMs: 20_000 },
    );
    await api.delete(pods("cattle-system"), old?.name ?? "");
    expect(await successor).not.toBe(old?.name);
  });

  it("ask what the account may do", async () => {
    expect(await api.allowed("update", secrets("cattle-system"))).toBe("yes");
    const nobody = api.as({ user: "nobody" });
    expect(await nobody.allowed("update", secrets("cattle-system"), "tls-ca")).toBe("no");
    await expect(nobody.get(secrets("cattle-system"), "tls-ca")).rejects.toMatchObject({ code: "api.forbidden" });
  });
});
