import { afterEach, describe, expect, it } from "vitest";
import { type Api, createApi } from "../../src/kubernetes/api.ts";
import { ApiError } from "../../src/kubernetes/api-error.ts";
import { deployments, namespaces, pods, secrets } from "../../src/kubernetes/resource.ts";
import { Transport } from "../../src/kubernetes/transport.ts";
import { json, type Script, type ScriptedServer, startScriptedServer } from "../helpers/scripted-server.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function serve(script: Script): Promise<{ server: ScriptedServer; api: Api; transport: Transport }> {
  const server = await startScriptedServer(script);
  opened.push({ close: () => server.stop() });
  return { server, ...client(server, server.ca) };
}

function client(server: ScriptedServer, ca: string, origin = server.origin): { api: Api; transport: Transport } {
  const transport = new Transport({ origin, tls: () => ({ ca }) });
  opened.push(transport);
  const headers = async () => ({ authorization: "Bearer planted-canary" });
  return {
    transport,
    api: createApi({ transport, server: "cluster c-abc12", basePath: "/k8s/clusters/c-abc12", headers }),
  };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(error)}`);
  return error;
}

const object = (name: string, version = "1") => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, resourceVersion: version, uid: `uid-${name}` },
});

describe("requests", () => {
  it("go through kept-alive connections, below the base path, with the account's credentials", async () => {
    const seen: (string | undefined)[] = [];
    const { server, api } = await serve((request, response) => {
      seen.push(request.headers.authorization);
      json(response, 200, object("kube-system"));
    });
    for (let n = 0; n < 20; n++)
      expect((await api.get(namespaces, "kube-system"))?.metadata.uid).toBe("uid-kube-system");
    expect(server.requests[0]).toBe("GET /k8s/clusters/c-abc12/api/v1/namespaces/kube-system");
    // A connection counts as busy for a moment after its answer was read, so the pool may open a second one.
    expect(server.connections()).toBeLessThanOrEqual(2);
    expect(new Set(seen)).toEqual(new Set(["Bearer planted-canary"]));
  });

  it("read a list in pages until it ends", async () => {
    const { server, api } = await serve((request, response) => {
      const second = request.url?.includes("continue=more");
      json(response, 200, {
        metadata: { resourceVersion: "7", ...(second ? {} : { continue: "more" }) },
        items: [object(second ? "b" : "a")],
      });
    });
    const list = await api.list(pods("cattle-system"), { labelSelector: "app=cattle-cluster-agent" });
    expect(list.items.map((item) => item.metadata.name)).toEqual(["a", "b"]);
    expect(list.resourceVersion).toBe("7");
    expect(server.requests[0]).toContain("labelSelector=app%3Dcattle-cluster-agent");
  });

  it("say which patch they are, and whether it is a rehearsal", async () => {
    const types: (string | undefined)[] = [];
    const { server, api } = await serve((request, response) => {
      types.push(request.headers["content-type"]);
      json(response, 200, object("x"));
    });
    for (const kind of ["merge", "strategic", "json"] as const) {
      await api.patch(deployments("cattle-system"), "x", { kind, body: {}, dryRun: true });
    }
    expect(types).toEqual([
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
      "application/json-patch+json",
    ]);
    expect(server.requests[0]).toMatch(/\/apis\/apps\/v1\/namespaces\/cattle-system\/deployments\/x\?dryRun=All$/);
  });

  it("delete only the object that was meant, and are content when it is gone", async () => {
    const bodies: string[] = [];
    const { api } = await serve((request, response, body) => {
      bodies.push(body);
      if (request.url?.endsWith("/gone")) json(response, 404, { reason: "NotFound", message: "not found" });
      else json(response, 200, { kind: "Status", status: "Success" });
    });
    expect(await api.delete(pods("cattle-system"), "agent-1", { uid: "u-1" })).toBe(true);
    expect(await api.delete(pods("cattle-system"), "gone")).toBe(false);
    expect(JSON.parse(bodies[0] ?? "")).toMatchObject({ preconditions: { uid: "u-1" } });
  });

  it("ask a busy server again when they only read, and never when they write", async () => {
    let answers = 0;
    const { server, api } = await serve((_, response) => {
      answers++;
      if (answers < 3) json(response, 429, { reason: "TooManyRequests", message: "slow down" });
      else json(response, 200, object("a"));
    });
    expect((await api.get(namespaces, "a"))?.metadata.name).toBe("a");
    answers = 0;
    const error = await failure(api.create(namespaces, object("a")));
    expect(error.kind).toBe("transient");
    expect(server.requests.filter((request) => request.startsWith("POST"))).toHaveLength(1);
  });
});

describe("an answer that is not success", () => {
  const rows: { name: string; status: number; body: string; kind: string; code: string; says: RegExp }[] = [
    {
      name: "forbidden",
      status: 403,
      body: '{"reason":"Forbidden","message":"user may not"}',
      kind: "permanent",
      code: "api.forbidden",
      says: /user may not/,
    },
    {
      name: "expired token",
      status: 401,
      body: '{"reason":"Unauthorized"}',
      kind: "permanent",
      code: "api.unauthorized",
      says: /401/,
    },
    {
      name: "somebody was faster",
      status: 409,
      body: '{"reason":"Conflict","message":"has been modified"}',
      kind: "conflict",
      code: "api.conflict",
      says: /has been modified/,
    },
    {
      name: "a load balancer's page",
      status: 502,
      body: "<html>Bad Gateway</html>",
      kind: "transient",
      code: "api.unavailable",
      says: /502 \(BadGateway\)/,
    },
    {
      name: "no tunnel",
      status: 503,
      body: '{"message":"waiting for cluster agent to connect"}',
      kind: "transient",
      code: "api.unavailable",
      says: /waiting for cluster agent/,
    },
    {
      name: "a page with status 200",
      status: 200,
      body: "<html>Please log in</html>",
      kind: "transient",
      code: "api.unavailable",
      says: /text that is not JSON|web page/,
    },
    {
      name: "refused by a webhook",
      status: 400,
      body: '{"message":"admission webhook denied the request: setting is read only"}',
      kind: "permanent",
      code: "api.refused",
      says: /setting is read only/,
    },
  ];
  it.each(rows)("$name", async ({ status, body, kind, code, says }) => {
    const { api } = await serve((_, response) => {
      response.writeHead(status).end(body);
    });
    const error = await failure(api.patch(deployments("cattle-system"), "agent", { kind: "merge", body: {} }));
    expect({ kind: error.kind, code: error.code }).toEqual({ kind, code });
    expect(error.message).toMatch(says);
    expect(error.message).toContain("Cluster c-abc12");
    expect(JSON.stringify(error) + error.stack).not.toContain("planted-canary");
  });

  it("about a Secret never repeats what the server says, for it may repeat the Secret", async () => {
    const { api } = await serve((_, response) => {
      json(response, 422, { reason: "Invalid", message: 'Invalid value: "c2VjcmV0"' });
    });
    const error = await failure(
      api.patch(secrets("cattle-system"), "tls-rancher-ingress", { kind: "merge", body: {} }),
    );
    expect(error.message).toContain("422 (Invalid)");
    expect(error.message).not.toContain("c2VjcmV0");
  });
});

describe("a connection that cannot be made", () => {
  it("to a closed port is transient and names the reason", async () => {
    const { server } = await serve((_, response) => response.end());
    const { api } = client(server, server.ca, "https://localhost:1");
    const error = await failure(api.get(namespaces, "a"));
    expect({ kind: error.kind, code: error.code, reason: error.reason }).toEqual({
      kind: "transient",
      code: "api.unreachable",
      reason: "ECONNREFUSED",
    });
  });

  const certificates: { name: string; hostnames?: string[]; notAfter?: Date; ca?: "other" }[] = [
    { name: "another CA's certificate", ca: "other" },
    { name: "a certificate for another name", hostnames: ["elsewhere.example"] },
    { name: "an expired certificate", notAfter: new Date(Date.now() - 3_600_000) },
  ];
  it.each(certificates)("because of $name is permanent, whatever the environment says", async (row) => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      const server = await startScriptedServer((_, response) => json(response, 200, object("a")), row);
      opened.push({ close: () => server.stop() });
      const other = await startScriptedServer((_, response) => response.end());
      opened.push({ close: () => other.stop() });
      const { api } = client(server, row.ca === "other" ? other.ca : server.ca);
      const error = await failure(api.get(namespaces, "a"));
      expect({ kind: error.kind, code: error.code }).toEqual({ kind: "permanent", code: "api.untrusted" });
      expect(server.requests).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });
});

describe("trust", () => {
  it("that changes is used for the next connection, and a fresh one is made on request", async () => {
    const server = await startScriptedServer((_, response) => json(response, 200, object("a")));
    const other = await startScriptedServer((_, response) => response.end());
    opened.push({ close: () => server.stop() }, { close: () => other.stop() });
    let ca = other.ca;
    const transport = new Transport({ origin: server.origin, tls: () => ({ ca }) });
    opened.push(transport);
    const asked = { server: "Rancher", what: "read" };
    const request = { method: "GET", path: "/" } as const;
    expect((await failure(transport.send(asked, request))).code).toBe("api.untrusted");
    ca = server.ca + other.ca;
    expect((await transport.send(asked, request)).status).toBe(200);
    const before = server.connections();
    await transport.sendFresh(asked, request);
    await transport.sendFresh(asked, request);
    expect(server.connections()).toBe(before + 2);
  });
});

describe("access reviews", () => {
  it.each([
    { says: "yes", status: 201, body: { status: { allowed: true } } },
    { says: "no", status: 201, body: { status: { allowed: false } } },
    { says: "unknown", status: 503, body: { message: "no tunnel" } },
  ])("answer $says", async ({ says, status, body }) => {
    let asked = "";
    const { api } = await serve((_, response, text) => {
      asked = text;
      json(response, status, body);
    });
    expect(await api.allowed("patch", deployments("cattle-system"), "cattle-cluster-agent")).toBe(says);
    expect(JSON.parse(asked).spec.resourceAttributes).toEqual({
      verb: "patch",
      group: "apps",
      resource: "deployments",
      namespace: "cattle-system",
      name: "cattle-cluster-agent",
    });
  });

  it("can be made as another account", async () => {
    const seen: (string | string[] | undefined)[] = [];
    const { api } = await serve((request, response) => {
      seen.push(request.headers["impersonate-user"]);
      json(response, 200, object("a"));
    });
    await api.as({ user: "system:serviceaccount:cattle-system:rancher" }).get(namespaces, "a");
    await api.get(namespaces, "a");
    expect(seen).toEqual(["system:serviceaccount:cattle-system:rancher", undefined]);
  });
});
