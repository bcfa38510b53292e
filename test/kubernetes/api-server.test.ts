/**
 * The sandbox's API server before the suite that a real one passes, and what is particular to it: faults, client
 * certificates, kinds by configuration.
 */

import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiServer } from "../../src/sandbox/api-server/api-server.ts";
import { type AuditEntry, isWrite } from "../../src/sandbox/api-server/audit.ts";
import { ADMINISTRATOR } from "../../src/sandbox/api-server/authorization.ts";
import { BUILT_IN_KINDS } from "../../src/sandbox/api-server/built-in-kinds.ts";
import { HttpsFront, type Listener, listen } from "../../src/sandbox/api-server/https-front.ts";
import { rancherKinds } from "../../src/sandbox/api-server/rancher-kinds.ts";
import { type ClusterAuthority, createClusterAuthority } from "../../src/sandbox/api-server/serving-identity.ts";
import { ApiError } from "../../src/sandbox/cluster-client.ts";
import { apiSuite } from "./api-suite.ts";
import { ApiCaller, type ApiTarget } from "./api-target.ts";

const CLUSTERS = "/apis/management.cattle.io/v3/clusters";

let authority: ClusterAuthority;
const running: { server: ApiServer; listener: Listener; caller: ApiCaller }[] = [];

beforeAll(async () => {
  authority = await createClusterAuthority({ name: "suite", now: new Date() });
});

afterAll(async () => {
  for (const { server, listener, caller } of running) {
    await caller.close();
    server.stop();
    await listener.close();
  }
});

apiSuite("the sandbox's API server", async () => {
  const { target } = await started(new ApiServer({ historyLimit: 30 }));
  return target;
});

describe("clusters.management.cattle.io", () => {
  test("has a status subresource in Rancher ≥ 2.15: a plain patch of the status changes nothing (0a row 13)", async () => {
    const { api } = await withCluster(true);
    const plain = await api.patch(`${CLUSTERS}/c-1`, "merge", { status: { agentImage: "dummy" } });
    expect(plain.status).toBe(200);
    expect(plain.body.status).toBeUndefined();
    const before = plain.body.metadata.resourceVersion;
    const proper = await api.patch(`${CLUSTERS}/c-1/status`, "merge", { status: { agentImage: "dummy" } });
    expect(proper.body.status).toEqual({ agentImage: "dummy" });
    expect(proper.body.metadata.resourceVersion).not.toBe(before);
    expect(await definedSubresources(api)).toEqual({ status: {} });
  });

  test("has none in Rancher < 2.15: a plain patch works, and /status is not there (§0)", async () => {
    const { api } = await withCluster(false);
    const plain = await api.patch(`${CLUSTERS}/c-1`, "merge", { status: { agentImage: "dummy" } });
    expect(plain.body.status).toEqual({ agentImage: "dummy" });
    const proper = await api.patch(`${CLUSTERS}/c-1/status`, "merge", { status: {} });
    expect([proper.status, proper.body.message]).toEqual([404, "the server could not find the requested resource"]);
    expect(await definedSubresources(api)).toBeUndefined();
  });

  test("takes no strategic merge patch, and no update without a version, as custom resources do", async () => {
    const { api } = await withCluster(true);
    const strategic = await api.patch(`${CLUSTERS}/c-1`, "strategic-merge", { spec: {} });
    expect([strategic.status, strategic.body.reason]).toEqual([415, "UnsupportedMediaType"]);
    const body = { apiVersion: "management.cattle.io/v3", kind: "Cluster", metadata: { name: "c-1" } };
    const blind = await api.call("PUT", `${CLUSTERS}/c-1`, { body });
    expect([blind.status, blind.body.reason]).toEqual([422, "Invalid"]);
    expect(blind.body.message).toContain(
      "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update",
    );
  });
});

describe("server-side apply", () => {
  test("is refused in words", async () => {
    const { api } = await withCluster(true);
    const answer = await api.patch("/api/v1/namespaces/default/configmaps/x?fieldManager=me", "apply", {});
    expect(answer.status).toBe(415);
    expect(answer.body.message).toContain("server-side apply is not supported by this API server");
  });
});

describe("OpenAPI", () => {
  test("says how lists are merged, and that the server judges fields itself", async () => {
    const { api } = await started(new ApiServer());
    const root = await api.call("GET", "/openapi/v3");
    const { body } = await api.call("GET", root.body.paths["apis/apps/v1"].serverRelativeURL);
    const { containers, volumes } = body.components.schemas["io.k8s.api.PodSpec"].properties;
    expect(containers).toMatchObject({
      type: "array",
      "x-kubernetes-patch-merge-key": "name",
      "x-kubernetes-patch-strategy": "merge",
    });
    expect(volumes["x-kubernetes-patch-strategy"]).toBe("merge,retainKeys");
    const { patch } = body.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
    expect(patch.parameters.map((parameter: { name: string }) => parameter.name)).toContain("fieldValidation");
    expect(Object.keys(patch.requestBody.content)).toContain("application/strategic-merge-patch+json");
  });

  test("v2 is there for older clients, in JSON and in protobuf", async () => {
    const { api } = await started(new ApiServer());
    expect((await api.call("GET", "/openapi/v2")).body).toMatchObject({ swagger: "2.0" });
    const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    const { headers, body } = await api.call("GET", "/openapi/v2", { accept });
    expect(headers.get("content-type")).toContain("protobuf");
    expect(body.slice(0, 5)).toBe("\n\u00032.0");
  });
});

describe("who asks", () => {
  test("is the name in a client certificate that the cluster's authority signed", async () => {
    const { listener } = await started(new ApiServer());
    const mine = await authority.issueClient({ name: "alice", groups: ["system:masters"] });
    expect(await whoIs(listener.url, mine)).toMatchObject({
      status: 201,
      body: { status: { userInfo: { username: "alice", groups: ["system:masters", "system:authenticated"] } } },
    });
    const stranger = await createClusterAuthority({ name: "stranger", now: new Date() });
    const foreign = await stranger.issueClient({ name: "alice", groups: ["system:masters"] });
    expect(await whoIs(listener.url, foreign)).toMatchObject({ status: 401, body: { reason: "Unauthorized" } });
  });

  test("may speak for another only with leave, and has that one's rights then", async () => {
    const { server, api } = await started(new ApiServer());
    server.access.grant({ kind: "user", name: "u-1" }, [
      { verbs: ["get"], apiGroups: [""], resources: ["namespaces"] },
    ]);
    const headers = { "impersonate-user": "u-1", "impersonate-group": "system:authenticated" };
    expect((await api.call("GET", "/api/v1/namespaces/default", { headers })).status).toBe(200);
    expect((await api.call("GET", "/api/v1/nodes", { headers })).status).toBe(403);
    server.tokens.add("weak", { name: "weak", groups: [] });
    const refused = await api.call("GET", "/api/v1/namespaces/default", { headers, token: "weak" });
    expect([refused.status, refused.body.message]).toEqual([
      403,
      'users "u-1" is forbidden: User "weak" cannot impersonate resource "users" in API group "" at the cluster scope',
    ]);
  });

  test("is unknown once the token is revoked", async () => {
    const { server, api } = await started(new ApiServer());
    server.tokens.add("brief", ADMINISTRATOR);
    expect((await api.call("GET", "/api/v1/namespaces", { token: "brief" })).status).toBe(200);
    server.tokens.revoke("brief");
    expect((await api.call("GET", "/api/v1/namespaces", { token: "brief" })).status).toBe(401);
  });
});

describe("faults", () => {
  test("answer with an error, only where they are to", async () => {
    const { server, api } = await started(new ApiServer());
    const details = { retryAfterSeconds: 1 };
    const fault = server.faults.add(({ resource }) =>
      resource === "nodes"
        ? { kind: "error", error: new ApiError(429, "TooManyRequests", "slow down", details) }
        : undefined,
    );
    const answer = await api.call("GET", "/api/v1/nodes");
    expect([answer.status, answer.body.reason, answer.headers.get("retry-after")]).toEqual([
      429,
      "TooManyRequests",
      "1",
    ]);
    expect((await api.call("GET", "/api/v1/namespaces")).status).toBe(200);
    fault.remove();
    expect((await api.call("GET", "/api/v1/nodes")).status).toBe(200);
  });

  test("break the connection, before the write or after it", async () => {
    const { server, api } = await started(new ApiServer());
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "lost" } };
    const before = server.faults.add(({ verb }) => (verb === "create" ? { kind: "reset" } : undefined));
    await expect(api.call("POST", "/api/v1/namespaces", { body })).rejects.toThrow();
    before.remove();
    expect((await api.call("GET", "/api/v1/namespaces/lost")).status).toBe(404);
    const after = server.faults.add(({ verb }) => (verb === "create" ? { kind: "reset", after: "effect" } : undefined));
    await expect(api.call("POST", "/api/v1/namespaces", { body })).rejects.toThrow();
    after.remove();
    expect((await api.call("GET", "/api/v1/namespaces/lost")).status).toBe(200);
  });
});

describe("the audit", () => {
  test("shows who wrote what, and nothing for reads, dry runs and refusals", async () => {
    const { server, api } = await started(new ApiServer());
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "written" } };
    const writes: AuditEntry[] = [];
    server.audit.onEntry((entry) => isWrite(entry) && writes.push(entry));
    await api.call("GET", "/api/v1/namespaces");
    await api.call("POST", "/api/v1/namespaces?dryRun=All", { body });
    expect(writes).toEqual([]);
    await api.call("POST", "/api/v1/namespaces", { body });
    await api.call("POST", "/api/v1/namespaces", { body });
    expect(writes.map(({ verb, resource, name, user }) => ({ verb, resource, name, user }))).toEqual([
      { verb: "create", resource: "namespaces", name: "written", user: "kubernetes-admin" },
    ]);
    expect(server.audit.requestsOf("kubernetes-admin")).toBe(4);
  });
});

describe("API servers that share an identity", () => {
  test("each answers on its own port, and closing one leaves the other alone", async () => {
    const front = new HttpsFront({ identity: authority });
    const [one, other] = await Promise.all([behind(front, "v1.31.1"), behind(front, "v1.32.2")]);
    const versions = async () => [await one.api.call("GET", "/version"), await other.api.call("GET", "/version")];
    expect((await versions()).map(({ body }) => body.gitVersion)).toEqual(["v1.31.1", "v1.32.2"]);
    await one.listener.close();
    await expect(one.api.call("GET", "/version")).rejects.toThrow();
    expect((await other.api.call("GET", "/version")).body.gitVersion).toBe("v1.32.2");
  });
});

async function behind(front: HttpsFront, kubernetesVersion: string): Promise<{ listener: Listener; api: ApiCaller }> {
  const server = new ApiServer({ kubernetesVersion });
  server.tokens.add("admin-token", ADMINISTRATOR);
  const listener = await front.listen(server);
  const api = new ApiCaller({ baseUrl: listener.url, ca: authority.caPem, token: "admin-token" });
  running.push({ server, listener, caller: api });
  return { listener, api };
}

async function started(
  server: ApiServer,
): Promise<{ server: ApiServer; listener: Listener; target: ApiTarget; api: ApiCaller }> {
  authority ??= await createClusterAuthority({ name: "suite", now: new Date() });
  server.tokens.add("admin-token", ADMINISTRATOR);
  const listener = await listen(server, { identity: authority });
  const target = { baseUrl: listener.url, ca: authority.caPem, token: "admin-token" };
  const api = new ApiCaller(target);
  running.push({ server, listener, caller: api });
  return { server, listener, target, api };
}

async function withCluster(clusterStatusSubresource: boolean) {
  const running = await started(
    new ApiServer({ kinds: [...BUILT_IN_KINDS, ...rancherKinds({ clusterStatusSubresource })] }),
  );
  const body = { apiVersion: "management.cattle.io/v3", kind: "Cluster", metadata: { name: "c-1" }, spec: {} };
  expect((await running.api.call("POST", CLUSTERS, { body })).status).toBe(201);
  return running;
}

async function definedSubresources(api: ApiCaller): Promise<unknown> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusters.management.cattle.io";
  return (await api.call("GET", path)).body.spec.versions[0].subresources;
}

function whoIs(
  url: string,
  client: { certificatePem: string; keyPem: string },
): Promise<{ status?: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      `${url}/apis/authentication.k8s.io/v1/selfsubjectreviews`,
      { method: "POST", agent: false, ca: authority.caPem, cert: client.certificatePem, key: client.keyPem },
      async (response) => {
        const chunks = await response.toArray();
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) });
      },
    );
    request.on("error", reject);
    request.end(JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }));
  });
}
