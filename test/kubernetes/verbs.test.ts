import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Api } from "../../src/kubernetes/api.ts";
import { type Connection, connectKubeconfig } from "../../src/kubernetes/connection.ts";
import type { KubeObject } from "../../src/kubernetes/object.ts";
import { configMaps, deployments, pods, secrets } from "../../src/kubernetes/resource.ts";
import { REF } from "../../src/sandbox/controllers/workload.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { deployment } from "../sandbox-controllers/test-cluster.ts";
import { areBuilt } from "./control-plane/binaries.ts";
import { RunningNodes } from "./control-plane/running-nodes.ts";

const maps = configMaps("cattle-system");
const map = (name: string, data: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "cattle-system" },
  data,
});
/** The agent's pods. */
const AGENT = { labelSelector: "app=cattle-cluster-agent" };

const isRunning = ({ status }: KubeObject) => JSON.stringify(status).includes('"phase":"Running"');

interface Server {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** A managed cluster of the sandbox. */
async function simulated(): Promise<Server> {
  const sandbox = await startSandbox({ clusters: 1 });
  return { kubeconfig: sandbox.clusters[0]?.kubeconfig ?? "", stop: () => sandbox.stop() };
}

/** A real control plane with as much of an agent as is looked at here. */
async function real(): Promise<Server> {
  const nodes = await RunningNodes.start("verbs");
  const metadata = { name: "cattle-system" };
  const namespaces = { group: "", version: "v1", resource: "namespaces" };
  await nodes.client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata });
  const agent = deployment({ name: "cattle-cluster-agent", namespace: "cattle-system" });
  const env = [{ name: "CATTLE_CA_CHECKSUM", value: "present" }];
  const template = {
    ...agent.spec.template,
    spec: { containers: [{ name: "cluster-register", image: "rancher/rancher-agent:v2.15.1", env }] },
  };
  const collection = { ...REF.deployments, namespace: "cattle-system" };
  await nodes.client.create(collection, { ...agent, spec: { ...agent.spec, template } });
  return { kubeconfig: nodes.kubeconfig, stop: () => nodes.stop() };
}

const isBuilt = areBuilt("etcd", "kube-apiserver", "kube-controller-manager");
const servers = [["the sandbox's", simulated] as const, ...(isBuilt ? [["a real", real] as const] : [])];

describe.each(servers)("the verbs, on %s API server", (_, start) => {
  let server: Server;
  let connection: Connection;
  let api: Api;
  let directory: string;

  beforeAll(async () => {
    server = await start();
    directory = await mkdtemp(join(tmpdir(), "farrier-verbs-"));
    const kubeconfig = join(directory, "kubeconfig");
    await writeFile(kubeconfig, server.kubeconfig);
    connection = await connectKubeconfig({ kubeconfig }, { name: "cluster paris" });
    ({ api } = connection);
    // The agent runs.
    await api.watchUntil(pods("cattle-system"), AGENT, (objects) => objects.find(isRunning), { deadlineMs: 30_000 });
  });
  afterAll(async () => {
    await connection?.close();
    await server?.stop();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

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
    const { items } = await api.list(pods("cattle-system"), AGENT);
    const old = items[0]?.metadata;
    const successor = api.watchUntil(
      pods("cattle-system"),
      AGENT,
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
