import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiError, type KubeObject, type ResourceRef, type WatchEvent } from "../cluster-client.ts";
import { ApiServer } from "./api-server.ts";
import { type AuditEntry, isWrite } from "./audit.ts";

const configMaps: ResourceRef = { group: "", version: "v1", resource: "configmaps", namespace: "default" };
const deployments: ResourceRef = { group: "apps", version: "v1", resource: "deployments", namespace: "default" };
const replicaSets: ResourceRef = { group: "apps", version: "v1", resource: "replicasets", namespace: "default" };
const pods: ResourceRef = { group: "", version: "v1", resource: "pods", namespace: "default" };
const namespaces: ResourceRef = { group: "", version: "v1", resource: "namespaces" };
const secrets: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: "default" };

let server: ApiServer;

beforeEach(() => {
  server = new ApiServer({ historyLimit: 20 });
});

afterEach(() => server.stop());

describe("a client in the same process", () => {
  test("gets back what it created, with an identity, a version and the time", async () => {
    const client = server.client();
    const created = await client.create(configMaps, configMap("trust", { bundle: "A" }));
    expect(created.metadata).toMatchObject({ name: "trust", namespace: "default" });
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(created.metadata.creationTimestamp ?? "")).toBeGreaterThan(Date.now() - 5_000);
    expect(await client.get(configMaps, "trust")).toEqual(created);
  });

  test("learns that there is nothing, and that there is something already", async () => {
    const client = server.client();
    expect(await client.get(configMaps, "absent")).toBeUndefined();
    await client.create(configMaps, configMap("trust"));
    await expect(client.create(configMaps, configMap("trust"))).rejects.toMatchObject({
      status: 409,
      reason: "AlreadyExists",
      message: 'configmaps "trust" already exists',
    });
    await expect(client.delete(configMaps, "absent")).rejects.toMatchObject({ status: 404, reason: "NotFound" });
  });

  test("cannot create in a namespace that does not exist", async () => {
    const elsewhere = { ...configMaps, namespace: "nowhere" };
    await expect(server.client().create(elsewhere, configMap("trust"))).rejects.toMatchObject({
      status: 404,
      message: 'namespaces "nowhere" not found',
    });
  });

  test("is told of a conflict when it updates from an old version", async () => {
    const client = server.client();
    const first = await client.create(configMaps, configMap("trust", { bundle: "A" }));
    await client.update(configMaps, { ...first, data: { bundle: "AB" } });
    await expect(client.update(configMaps, { ...first, data: { bundle: "B" } })).rejects.toMatchObject({
      status: 409,
      reason: "Conflict",
    });
    expect((await client.get(configMaps, "trust"))?.data).toEqual({ bundle: "AB" });
  });

  test("uses up no version by a write that changes nothing", async () => {
    const client = server.client();
    const first = await client.create(configMaps, configMap("trust", { bundle: "A" }));
    const again = await client.patch(configMaps, "trust", { type: "merge", body: { data: { bundle: "A" } } });
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test("sees a Deployment completed with the API's defaults, its generation counted, its status apart", async () => {
    const client = server.client();
    const created = await client.create(deployments, { ...deployment("agent"), status: { replicas: 7 } });
    expect(created.spec).toMatchObject({
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      template: { spec: { restartPolicy: "Always", terminationGracePeriodSeconds: 30 } },
    });
    expect(created.status).toEqual({});
    expect(created.metadata.generation).toBe(1);
    const scaled = await client.patch(deployments, "agent", {
      type: "strategic",
      body: { spec: { minReadySeconds: 30 }, status: { replicas: 7 } },
    });
    expect(scaled.metadata.generation).toBe(2);
    expect(scaled.status).toEqual({});
    const reported = await client.patch(deployments, "agent", {
      type: "merge",
      body: { status: { replicas: 1 }, spec: { replicas: 9 } },
      subresource: "status",
    });
    expect(reported.status).toEqual({ replicas: 1 });
    expect(reported.spec).toEqual(scaled.spec);
    expect(reported.metadata.generation).toBe(2);
  });

  test("watches: what exists first, then each change in order, and nothing after closing", async () => {
    const client = server.client();
    await client.create(configMaps, configMap("one"));
    const seen: string[] = [];
    const watch = client.watch(configMaps, (event) => seen.push(`${event.type} ${event.object.metadata.name}`));
    await client.create(configMaps, configMap("two"));
    await client.patch(configMaps, "one", { type: "merge", body: { data: { bundle: "B" } } });
    await client.delete(configMaps, "two");
    await settled();
    watch.close();
    await client.create(configMaps, configMap("three"));
    await settled();
    expect(seen).toEqual(["ADDED one", "ADDED two", "MODIFIED one", "DELETED two"]);
  });

  test("sees an object enter and leave a selection", async () => {
    const client = server.client();
    const seen: WatchEvent[] = [];
    const watch = client.watch(configMaps, (event) => seen.push(event), { labelSelector: "epoch=both" });
    await client.create(configMaps, configMap("trust"));
    await client.patch(configMaps, "trust", { type: "merge", body: { metadata: { labels: { epoch: "both" } } } });
    await client.patch(configMaps, "trust", { type: "merge", body: { metadata: { labels: { epoch: "target" } } } });
    await settled();
    watch.close();
    expect(seen.map((event) => [event.type, event.object.metadata.labels?.epoch])).toEqual([
      ["ADDED", "both"],
      ["DELETED", "both"],
    ]);
  });

  test("delivers in order to all watchers when one of them writes", async () => {
    const client = server.client();
    const seen: string[] = [];
    const writer = client.watch(configMaps, (event) => {
      if (event.type === "ADDED" && event.object.metadata.name === "cause") {
        void client.create(configMaps, configMap("effect"));
      }
    });
    const reader = client.watch(configMaps, (event) => seen.push(event.object.metadata.name));
    await client.create(configMaps, configMap("cause"));
    await settled();
    writer.close();
    reader.close();
    expect(seen).toEqual(["cause", "effect"]);
  });
});

describe("deletion", () => {
  test("waits for finalizers", async () => {
    const client = server.client();
    const object = configMap("held");
    await client.create(configMaps, { ...object, metadata: { ...object.metadata, finalizers: ["farrier.test/hold"] } });
    await client.delete(configMaps, "held");
    const marked = await client.get(configMaps, "held");
    expect(marked?.metadata.deletionTimestamp).toBeDefined();
    await client.patch(configMaps, "held", { type: "json", body: [{ op: "remove", path: "/metadata/finalizers" }] });
    expect(await client.get(configMaps, "held")).toBeUndefined();
  });

  test("of an owner takes the dependants of its dependants along", async () => {
    const client = server.client();
    const owner = await client.create(deployments, deployment("agent"));
    const set = await client.create(replicaSets, owned({ ...deployment("agent-1"), kind: "ReplicaSet" }, owner));
    await client.create(pods, owned(pod("agent-1-x"), set));
    await client.create(pods, pod("bystander"));
    await client.delete(deployments, "agent");
    await settled();
    expect((await client.list(replicaSets)).items).toEqual([]);
    expect((await client.list(pods)).items.map((each) => each.metadata.name)).toEqual(["bystander"]);
  });

  test("in the foreground ends when the last dependant has gone", async () => {
    const client = server.client();
    const owner = await client.create(deployments, deployment("agent"));
    await client.create(pods, owned(pod("agent-x", { nodeName: "node-1" }), owner));
    await client.delete(deployments, "agent", { propagationPolicy: "Foreground" });
    await settled();
    expect((await client.get(deployments, "agent"))?.metadata.finalizers).toEqual(["foregroundDeletion"]);
    expect((await client.get(pods, "agent-x"))?.metadata.deletionTimestamp).toBeDefined();
    await client.delete(pods, "agent-x", { gracePeriodSeconds: 0 });
    await settled();
    expect(await client.get(deployments, "agent")).toBeUndefined();
  });

  test("may leave the dependants as orphans", async () => {
    const client = server.client();
    const owner = await client.create(deployments, deployment("agent"));
    await client.create(pods, owned(pod("agent-x"), owner));
    await client.delete(deployments, "agent", { propagationPolicy: "Orphan" });
    await settled();
    expect(await client.get(deployments, "agent")).toBeUndefined();
    expect((await client.get(pods, "agent-x"))?.metadata.ownerReferences).toBeUndefined();
  });

  test("comes to what is made for an owner that is gone, unless nobody here can know the owner", async () => {
    const client = server.client();
    const gone = { ...(await client.create(deployments, deployment("agent"))) };
    await client.delete(deployments, "agent");
    await settled();
    await client.create(pods, owned(pod("late"), gone));
    await client.create(pods, owned(pod("foreign"), { ...gone, apiVersion: "example.io/v1", kind: "Widget" }));
    await settled();
    expect((await client.list(pods)).items.map((each) => each.metadata.name)).toEqual(["foreign"]);
  });

  test("of a pod on a node is finished by its kubelet", async () => {
    const client = server.client();
    await client.create(pods, pod("agent", { nodeName: "node-1", terminationGracePeriodSeconds: 10 }));
    await client.delete(pods, "agent");
    expect((await client.get(pods, "agent"))?.metadata).toMatchObject({ deletionGracePeriodSeconds: 10 });
    await client.delete(pods, "agent", { gracePeriodSeconds: 0 });
    expect(await client.get(pods, "agent")).toBeUndefined();
  });

  test("of a namespace empties it and closes it to new content", async () => {
    const client = server.client();
    await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "c-1" } });
    const inside = { ...pods, namespace: "c-1" };
    await client.create(inside, pod("running", { nodeName: "node-1" }));
    await client.create(
      { ...secrets, namespace: "c-1" },
      { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } },
    );
    await client.delete(namespaces, "c-1");
    await settled();
    await expect(client.create({ ...configMaps, namespace: "c-1" }, configMap("late"))).rejects.toMatchObject({
      reason: "Forbidden",
    });
    expect((await client.get(namespaces, "c-1"))?.status).toEqual({ phase: "Terminating" });
    await client.delete(inside, "running", { gracePeriodSeconds: 0 });
    await settled();
    expect(await client.get(namespaces, "c-1")).toBeUndefined();
    expect((await client.list({ group: "", version: "v1", resource: "secrets" })).items).toEqual([]);
  });
});

describe("rights, admission, faults and audit", () => {
  test("an account may do what it was granted, where it was granted", async () => {
    server.access.grant({ kind: "user", name: "viewer" }, [
      { verbs: ["get", "list"], apiGroups: [""], resources: ["configmaps"], namespaces: ["default"] },
    ]);
    const viewer = server.client({ name: "viewer", groups: ["system:authenticated"] });
    await expect(viewer.list(configMaps)).resolves.toMatchObject({ items: [] });
    await expect(viewer.create(configMaps, configMap("trust"))).rejects.toMatchObject({
      status: 403,
      message:
        'configmaps "trust" is forbidden: User "viewer" cannot create resource "configmaps" in API group "" in the namespace "default"',
    });
    await expect(viewer.list({ ...configMaps, namespace: "kube-system" })).rejects.toBeInstanceOf(ApiError);
  });

  test("a hook may deny an update, with its name in the message", async () => {
    const client = server.client();
    await client.create(configMaps, configMap("trust"));
    const hook = server.admission.validate(({ operation, object }) =>
      operation === "UPDATE" && object?.metadata.name === "trust"
        ? { kind: "deny", webhook: "guard.test", message: "read-only" }
        : { kind: "allow" },
    );
    const patch = { type: "merge", body: { data: { bundle: "B" } } } as const;
    await expect(client.patch(configMaps, "trust", patch)).rejects.toMatchObject({
      status: 403,
      message: 'admission webhook "guard.test" denied the request: read-only',
    });
    hook.remove();
    await expect(client.patch(configMaps, "trust", patch)).resolves.toMatchObject({ data: { bundle: "B" } });
  });

  test("a hook may change what is written", async () => {
    server.admission.mutate(({ object }) => ({
      kind: "allow",
      object: { apiVersion: "v1", kind: "ConfigMap", metadata: {}, ...object, data: { added: "yes" } },
    }));
    expect((await server.client().create(configMaps, configMap("trust"))).data).toEqual({ added: "yes" });
  });

  test("a fault hits only the requests that it picks", async () => {
    server.faults.add(({ verb }) =>
      verb === "list" ? { kind: "error", error: new ApiError(500, "InternalError", "etcd is away") } : undefined,
    );
    await expect(server.client().list(configMaps)).rejects.toMatchObject({ status: 500 });
    await expect(server.client().get(configMaps, "x")).resolves.toBeUndefined();
  });

  test("writes that happened are told from reads and refusals, which are counted, too", async () => {
    const client = server.client({ name: "farrier", groups: ["system:masters"] });
    const before = server.audit.requestCount;
    const writes: AuditEntry[] = [];
    server.audit.onEntry((entry) => isWrite(entry) && writes.push(entry));
    await client.get(configMaps, "trust");
    await client.create(configMaps, configMap("trust"));
    await client.create(configMaps, configMap("trust")).catch(() => undefined);
    expect(server.audit.requestCount - before).toBe(3);
    expect(writes.map(({ verb, user, name }) => [verb, user, name])).toEqual([["create", "farrier", "trust"]]);
  });
});

function configMap(name: string, data: Record<string, string> = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

function pod(name: string, spec: object = {}) {
  const containers = [{ name: "main", image: "agent:1" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers, ...spec } };
}

function deployment(name: string) {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "agent:1" }] } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template },
  };
}

function owned<T extends { metadata: object }>(object: T, owner: KubeObject) {
  const { apiVersion, kind } = owner;
  const { name, uid = "" } = owner.metadata;
  return {
    ...object,
    metadata: { ...object.metadata, ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] },
  };
}

/** Everything that was set off in this process has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
