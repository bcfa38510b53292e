import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { afterEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type Sandbox, type SandboxCluster, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { Fault } from "../../src/sandbox/scenario/faults.ts";
import { agentPods, ask, at, CLUSTERS, condition, must, podLogOf, SECRETS } from "./estate.ts";

/** What was seen when an imported cluster's own keys were changed ("0a", rows 18 to 21), and how the sandbox plays it. */

let sandbox: Sandbox;

const start = async (input: Parameters<typeof startSandbox>[0] = {}) => {
  sandbox = await startSandbox({ clusters: 1, speed: 100, ...input });
  return must(sandbox.clusters[0]);
};

afterEach(() => sandbox.stop());

const GLOBAL = { ...SECRETS, namespace: "cattle-global-data" };
const IMPERSONATION = { ...SECRETS, namespace: "cattle-impersonation-system" };

const decoded = (text: unknown): string => Buffer.from(String(text), "base64").toString();

/** What Rancher holds for the cluster, and the name of the Secret that it holds the token in. */
async function held({ id }: SandboxCluster) {
  const { status } = must(await sandbox.management.get(CLUSTERS, id));
  const { caCert, serviceAccountTokenSecret: secret } = at({ status }, "status");
  const kept = must(await sandbox.management.get(GLOBAL, secret));
  return { ca: decoded(caCert), secret, token: decoded(at(kept, "data").credential) };
}

/** The Secret with the agent's token in the cluster itself. */
async function agentToken({ client }: SandboxCluster) {
  const { items } = await client.list(SECRETS);
  const secret = must(items.find(({ metadata }) => metadata.name.startsWith("cattle-token-")));
  return {
    name: secret.metadata.name,
    token: decoded(at(secret, "data").token),
    ca: decoded(at(secret, "data")["ca.crt"]),
  };
}

/** A request to the cluster's own API server with a token, verified with the kubeconfig's CA. @returns its status */
function directly({ kubeconfig }: SandboxCluster, token: string): Promise<number | string> {
  const [{ cluster }] = parse(kubeconfig).clusters;
  const ca = decoded(cluster["certificate-authority-data"]);
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve) => {
    request(`${cluster.server}/api/v1/namespaces`, { ca, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", (error) => resolve(String((error as NodeJS.ErrnoException).code)))
      .end();
  });
}

const asPerson = async ({ id }: SandboxCluster) => (await ask(sandbox, `/k8s/clusters/${id}/api/v1/namespaces`)).status;

const ready = ({ id }: SandboxCluster) => condition(sandbox, id, "Ready");

const untilReady = (cluster: SandboxCluster, status: string, message = "") =>
  sandbox.waitUntil(
    async () => {
      const found = await ready(cluster);
      return found.status === status && (found.message ?? "").includes(message);
    },
    { what: `Ready=${status} ${message}` },
  );

const renew = (cluster: SandboxCluster, fault: Partial<Extract<Fault, { kind: "renewed-cluster" }>> = {}) =>
  sandbox.inject({
    kind: "renewed-cluster",
    cluster: cluster.name,
    serviceAccountKey: true,
    ca: false,
    secretsFollow: true,
    agent: "restarts",
    reported: true,
    staleStreams: [],
    ...fault,
  });

const REFUSED = "the server has asked for the client to provide credentials";

test("before anything changes, Rancher holds the agent's token and the cluster's CA, and they work", async () => {
  const cluster = await start();
  const { token, ca } = await held(cluster);
  expect(await agentToken(cluster)).toMatchObject({ token, ca });
  expect(await directly(cluster, token)).toBe(200);
  expect(await asPerson(cluster)).toBe(200);
});

describe("the service-account key is another one", () => {
  test("row 18: the agent starts anew and connects, the token of before is refused, a restart does not help", async () => {
    const cluster = await start();
    const before = await held(cluster);
    const [pod] = await agentPods(cluster);
    await renew(cluster);
    expect(await directly(cluster, before.token)).toBe(401);
    await untilReady(cluster, "False", REFUSED);
    await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).agentStarts === 2);
    expect(await podLogOf(cluster, must(pod).name, "previous")).toContain("leaderelection lost for cattle-controllers");
    await sandbox.waitUntil(async () => (await condition(sandbox, cluster.id, "Connected")).status === "True");
    await sandbox.restartAgent(cluster.name);
    await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).agentStarts === 3);
    await sandbox.waitUntil(() => cluster.connected());
    await untilReady(cluster, "False", REFUSED);
    expect(await ready(cluster)).toMatchObject({ reason: "Error" });
    expect(await held(cluster)).toEqual(before);
  });

  test("rows 19 and 20: a new token makes it Ready, and people's requests fail until their own tokens go", async () => {
    const cluster = await start();
    expect(await asPerson(cluster)).toBe(200);
    const [before, own] = [await held(cluster), await agentToken(cluster)];
    await renew(cluster);
    await untilReady(cluster, "False", REFUSED);
    await cluster.client.delete(SECRETS, own.name);
    await sandbox.restartAgent(cluster.name);
    await untilReady(cluster, "True");
    const after = await held(cluster);
    expect(after.secret).not.toBe(before.secret);
    expect(after.token).toBe((await agentToken(cluster)).token);
    expect(await directly(cluster, after.token)).toBe(200);

    expect(await asPerson(cluster)).toBe(401);
    const { items } = await cluster.client.list(IMPERSONATION);
    expect(items).toHaveLength(1);
    for (const { metadata } of items) await cluster.client.delete(IMPERSONATION, metadata.name);
    expect(await asPerson(cluster)).toBe(200);
  });

  test("an agent that does not notice goes on as it is, with what it reported when it started", async () => {
    const cluster = await start();
    const before = await held(cluster);
    await renew(cluster, { agent: "stays" });
    await untilReady(cluster, "False", REFUSED);
    await sandbox.inject({ kind: "disconnect", cluster: cluster.name });
    await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).tunnels === 2);
    expect(must(sandbox.statistics().clusters[cluster.id]).agentStarts).toBe(1);
    expect(await held(cluster)).toEqual(before);
  });
});

describe("the CA is another one", () => {
  test("row 21: an agent that loses its lease reports the new CA, and nobody need do anything", async () => {
    const cluster = await start();
    const before = await held(cluster);
    await renew(cluster, { serviceAccountKey: false, ca: true });
    await sandbox.waitUntil(async () => (await held(cluster)).ca !== before.ca, { what: "the new CA in Rancher" });
    await untilReady(cluster, "True");
    expect(must(sandbox.statistics().clusters[cluster.id]).agentStarts).toBe(2);
  });

  test("row 21: Rancher refuses the cluster's certificate until the agent, started anew, reports the new CA", async () => {
    const cluster = await start();
    const before = await held(cluster);
    // Its agent would start anew too soon for Rancher's next look at the cluster to be sure to come before.
    await renew(cluster, { serviceAccountKey: false, ca: true, agent: "stays" });
    await untilReady(cluster, "False", "x509: certificate signed by unknown authority");
    await sandbox.restartAgent(cluster.name);
    await untilReady(cluster, "True");
    const { ca, token } = await held(cluster);
    expect(new X509Certificate(ca).fingerprint256).not.toBe(new X509Certificate(before.ca).fingerprint256);
    expect(token).toBe(before.token);
    expect((await agentToken(cluster)).ca).toBe(ca);
    expect(await asPerson(cluster)).toBe(200);
  });

  test("a kubeconfig of before does not verify the server any more, one of now does", async () => {
    const cluster = await start();
    const { kubeconfig } = cluster;
    const { token } = await held(cluster);
    await renew(cluster, { serviceAccountKey: false, ca: true, agent: "stays" });
    expect(await directly({ ...cluster, kubeconfig }, token)).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY|SIGNATURE/);
    expect(await directly(cluster, token)).toBe(200);
  });

  test("a person in another process makes a new kubeconfig by way of the control address", async () => {
    const cluster = await start();
    const made = async () => {
      const { clusters } = parse(await (await fetch(`${sandbox.controlUrl}/kubeconfig`)).text());
      return stringify({ clusters: clusters.filter(({ name }: { name: string }) => name === cluster.name) });
    };
    const { token } = await held(cluster);
    const before = await made();
    expect(await directly({ ...cluster, kubeconfig: before }, token)).toBe(200);
    await renew(cluster, { serviceAccountKey: false, ca: true, agent: "stays" });
    expect(await directly({ ...cluster, kubeconfig: before }, token)).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY|SIGNATURE/);
    expect(await directly({ ...cluster, kubeconfig: await made() }, token)).toBe(200);
  });

  test("where kube-controller-manager was not restarted, the Secrets of tokens keep the CA of before", async () => {
    const cluster = await start();
    const before = await held(cluster);
    await renew(cluster, { serviceAccountKey: false, ca: true, secretsFollow: false });
    await sandbox.waitUntil(async () => (await held(cluster)).ca !== before.ca, { what: "the new CA in Rancher" });
    await untilReady(cluster, "True");
    expect((await agentToken(cluster)).ca).toBe(before.ca);
  });
});

test("a report that Rancher does not take over changes nothing", async () => {
  const cluster = await start();
  const before = await held(cluster);
  await renew(cluster, { serviceAccountKey: false, ca: true, reported: false });
  await untilReady(cluster, "False", "x509");
  await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).agentStarts === 2);
  await sandbox.waitUntil(() => cluster.connected());
  expect(await held(cluster)).toEqual(before);
});

test("Rancher before 2.6.7 keeps the token in the cluster's status", async () => {
  const cluster = await start({ rancher: { version: "2.6.6" } });
  const { status } = must(await sandbox.management.get(CLUSTERS, cluster.id));
  const { serviceAccountToken, serviceAccountTokenSecret } = at({ status }, "status");
  expect(serviceAccountTokenSecret).toBeUndefined();
  expect(serviceAccountToken).toBe((await agentToken(cluster)).token);
  expect(await asPerson(cluster)).toBe(200);
});

describe("what older versions did otherwise (rancher.md, version matrix and §7.2; manuals.md M2.8 to M2.10)", () => {
  const ACCOUNTS = { group: "", version: "v1", resource: "serviceaccounts", namespace: "cattle-system" };
  const BEFORE_124 = "v1.23.17";
  const inStatus = async ({ id }: SandboxCluster) => {
    const { caCert, serviceAccountToken } = at(must(await sandbox.management.get(CLUSTERS, id)), "status");
    return { ca: decoded(caCert), token: serviceAccountToken };
  };
  const startOld = (version: string, kubernetes: string) =>
    start({ rancher: { version }, clusters: [{ name: "paris", kubernetes }] });
  const firstNamed = async ({ client }: SandboxCluster) =>
    Object(must(await client.get(ACCOUNTS, "cattle"))).secrets?.[0]?.name;

  test.each([
    ["2.1", BEFORE_124],
    ["2.4", BEFORE_124],
    ["2.4", "v1.24.17"],
    ["2.6.6", BEFORE_124],
  ])(
    "Rancher %s on Kubernetes %s: the agent reports the first Secret that its account names",
    async (version, kubernetes) => {
      const cluster = await startOld(version, kubernetes);
      const own = await agentToken(cluster);
      expect(await firstNamed(cluster)).toBe(own.name);
      expect(await inStatus(cluster)).toEqual({ ca: own.ca, token: own.token });
      expect(await asPerson(cluster)).toBe(200);
    },
  );

  test("Kubernetes before 1.24 makes a new Secret for the account in place of one that is removed", async () => {
    const cluster = await startOld("2.4", BEFORE_124);
    const own = await agentToken(cluster);
    await cluster.client.delete(SECRETS, own.name);
    await sandbox.waitUntil(async () => (await firstNamed(cluster)) !== own.name, { what: "another Secret" });
    const after = await agentToken(cluster);
    expect(await firstNamed(cluster)).toBe(after.name);
    expect(await directly(cluster, after.token)).toBe(200);
  });

  test("from Kubernetes 1.24 on nobody does, and an agent of Rancher < 2.6.7 ends for want of a token", async () => {
    const cluster = await startOld("2.6.6", "v1.24.17");
    const own = await agentToken(cluster);
    await cluster.client.delete(SECRETS, own.name);
    await sandbox.restartAgent(cluster.name);
    await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).agentStarts > 2);
    const [pod] = await agentPods(cluster);
    expect(await podLogOf(cluster, must(pod).name, "previous")).toContain(
      "looking up cattle-system/cattle ca/token: no secret exists for service account cattle-system/cattle",
    );
  });

  test.each([
    ["2.4", false],
    ["2.5", true],
  ])("Rancher %s takes a second report over: %s (M2.9)", async (version, taken) => {
    const cluster = await startOld(version, BEFORE_124);
    const object = () => sandbox.management.get(CLUSTERS, cluster.id).then((found) => at(must(found), "status").caCert);
    const before = await object();
    await renew(cluster, { serviceAccountKey: false, ca: true });
    await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).agentStarts === 2);
    await sandbox.waitUntil(() => cluster.connected());
    await (taken ? untilReady(cluster, "True") : untilReady(cluster, "False", "x509"));
    expect((await object()) !== before).toBe(taken);
  });

  test("Rancher before 2.6 passes people's requests on by the agent's own account", async () => {
    const cluster = await startOld("2.4", BEFORE_124);
    expect(await asPerson(cluster)).toBe(200);
    expect((await cluster.client.list(IMPERSONATION)).items).toEqual([]);
  });

  test("M2.10: in Rancher 2.1 requests work and logs do not, until its process has started anew", async () => {
    const cluster = await startOld("2.1", BEFORE_124);
    const [pod] = await agentPods(cluster);
    const log = async () => {
      const path = `/api/v1/namespaces/cattle-system/pods/${must(pod).name}/log`;
      return (await ask(sandbox, `/k8s/clusters/${cluster.id}${path}`)).status;
    };
    expect(await log()).toBe(200);
    await renew(cluster, { agent: "stays" });
    // What a person writes by hand (M2.9), once the Secret is another one.
    await cluster.client.delete(SECRETS, (await agentToken(cluster)).name);
    await sandbox.waitUntil(async () =>
      (await cluster.client.list(SECRETS)).items.some(({ metadata }) => metadata.name.startsWith("cattle-token-")),
    );
    const { token: serviceAccountToken } = await agentToken(cluster);
    await sandbox.management.patch(CLUSTERS, cluster.id, { type: "merge", body: { status: { serviceAccountToken } } });
    expect([await asPerson(cluster), await log()]).toEqual([200, 401]);
    const { exits } = sandbox.statistics().rancher;
    await sandbox.restartRancher();
    await sandbox.waitUntil(() => sandbox.statistics().rancher.exits > exits);
    await sandbox.waitUntilConnected();
    expect([await asPerson(cluster), await log()]).toEqual([200, 200]);
  });
});
