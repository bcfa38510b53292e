import { afterEach, describe, expect, it } from "vitest";
import { Secret } from "../../src/pki/secret.ts";
import { RancherServer } from "../../src/rancher/server.ts";
import { json, type Script, type ScriptedServer, startScriptedServer } from "../helpers/scripted-server.ts";

const TOKEN = "token-abcde:planted-canary";
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(script: Script, options: Parameters<typeof startScriptedServer>[1] = {}): Promise<ScriptedServer> {
  const server = await startScriptedServer(script, options);
  closing.push(() => server.stop());
  return server;
}

function connect(server: ScriptedServer, bundle = server.ca): RancherServer {
  const trust = { bundles: [bundle], systemRoots: false };
  const rancher = new RancherServer({ serverUrl: server.origin, token: Secret.of(TOKEN), trust });
  closing.push(() => rancher.close());
  return rancher;
}

const setting = { id: "cacerts", type: "setting", value: "-----BEGIN", source: "db", customized: true };

describe("the served bundle", () => {
  it("is read without the token, on a new connection each time", async () => {
    const seen: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      seen.push(request.headers.authorization);
      json(response, 200, setting);
    });
    const rancher = connect(server);
    expect(await rancher.cacerts()).toEqual({ value: "-----BEGIN", source: "db" });
    await rancher.cacerts();
    expect(server.connections()).toBe(2);
    expect(seen).toEqual([undefined, undefined]);
  });

  it("is empty where Rancher has none", async () => {
    const server = await serve((_, response) => json(response, 200, { id: "cacerts", value: "", source: "default" }));
    expect(await connect(server).cacerts()).toEqual({ value: "", source: "default" });
  });

  it.each([
    { name: "a load balancer's page while Rancher restarts", status: 502, body: "<html>Bad Gateway</html>" },
    { name: "Rancher not ready yet", status: 503, body: "API Aggregation not ready" },
    { name: "a cut-off answer", status: 200, body: '{"id":"cacerts","val' },
  ])("may be there in a moment: $name", async ({ status, body }) => {
    const server = await serve((_, response) => response.writeHead(status).end(body));
    await expect(connect(server).cacerts()).rejects.toMatchObject({ kind: "transient" });
  });

  it("is asked for again when the server is only busy", async () => {
    let answers = 0;
    const server = await serve((_, response) => {
      answers++;
      if (answers === 1) json(response, 429, { message: "slow down" });
      else json(response, 200, setting);
    });
    expect((await connect(server).cacerts()).value).toBe("-----BEGIN");
  });
});

describe("trust in Rancher", () => {
  it("starts with today's bundle and grows when another is named", async () => {
    const server = await serve((_, response) => json(response, 200, setting));
    const other = await serve((_, response) => response.end());
    const rancher = connect(server, other.ca);
    await expect(rancher.cacerts()).rejects.toMatchObject({ code: "api.untrusted" });
    rancher.setTrust({ bundles: [other.ca, server.ca], systemRoots: false });
    expect((await rancher.cacerts()).source).toBe("db");
  });

  it.each([
    { name: "Windows line ends", bundle: (ca: string) => ca.replaceAll("\n", "\r\n") },
    { name: "comments between", bundle: (ca: string) => `# our root\n\n${ca}\n# the end` },
  ])("reads a bundle as the agents do: $name", async ({ bundle }) => {
    const server = await serve((_, response) => json(response, 200, setting));
    expect((await connect(server, bundle(server.ca)).cacerts()).source).toBe("db");
  });
});

describe("the API token", () => {
  it("is somebody's, until some day", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/v3/users?me=true") json(response, 200, { data: [{ id: "user-1", username: "admin" }] });
      else json(response, 200, { id: "token-abcde", expiresAt: "2027-01-01T00:00:00Z" });
    });
    const facts = await connect(server).tokenFacts();
    expect(facts).toEqual({ valid: true, user: "admin", expiresAt: "2027-01-01T00:00:00Z" });
    expect(server.requests).toEqual(["GET /v3/users?me=true", "GET /v3/tokens/token-abcde"]);
  });

  it("may not know its own end", async () => {
    const server = await serve((request, response) => {
      if (request.url === "/v3/users?me=true") json(response, 200, { data: [{ id: "user-1" }] });
      else json(response, 403, { code: "Forbidden", message: "no" });
    });
    expect(await connect(server).tokenFacts()).toEqual({ valid: true, user: "user-1" });
  });

  it("that is refused is a fact, and no error", async () => {
    const server = await serve((_, response) =>
      json(response, 401, { code: "Unauthorized", message: "must authenticate" }),
    );
    expect(await connect(server).tokenFacts()).toEqual({ valid: false });
  });

  it("is not sent to another server that a page points to", async () => {
    const elsewhere = await serve((_, response) => json(response, 200, { data: [{ id: "c-evil0" }] }));
    const server = await serve((request, response) => {
      const second = request.url?.includes("marker=2") === true;
      const next = second ? `${elsewhere.origin}/v3/clusters` : `${server.origin}/v3/clusters?marker=2`;
      json(response, 200, { data: [{ id: second ? "c-two22" : "c-one11" }], pagination: { next } });
    });
    const rancher = connect(server);
    rancher.setTrust({ bundles: [server.ca, elsewhere.ca], systemRoots: false });
    expect(await rancher.visibleClusters()).toEqual(["c-one11", "c-two22"]);
    expect(elsewhere.requests).toEqual([]);
  });

  it("is in no error", async () => {
    const server = await serve((_, response) => json(response, 403, { code: "Forbidden", message: "no" }));
    const error: unknown = await connect(server)
      .visibleClusters()
      .catch((reason: unknown) => reason);
    expect(String(error)).toContain("403");
    expect(`${String(error)}${JSON.stringify(error)}${error instanceof Error ? error.stack : ""}`).not.toContain(
      "canary",
    );
  });
});

describe("what an address presents", () => {
  it("is the chain as it was sent, whoever signed it", async () => {
    const server = await serve((_, response) => response.end());
    const [presented, ...rest] = await connect(server).presented();
    expect(rest).toEqual([]);
    expect(presented).toMatchObject({ address: "127.0.0.1" });
    expect(presented?.fingerprints).toHaveLength(1);
    expect(presented?.certificates[0]?.length).toBeGreaterThan(100);
  });

  it("is an error where nobody listens", async () => {
    const rancher = new RancherServer({
      serverUrl: "https://127.0.0.1:1",
      token: Secret.of(TOKEN),
      trust: { bundles: [], systemRoots: true },
    });
    closing.push(() => rancher.close());
    expect(await rancher.presented()).toEqual([
      { address: "127.0.0.1", fingerprints: [], certificates: [], error: "ECONNREFUSED" },
    ]);
  });
});
