import { afterEach, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import {
  agentDeployment,
  ask,
  at,
  CLUSTERS,
  must,
  PODS,
  SETTINGS,
  serveBundle,
  servedBundle,
  servedIssuer,
  writeSecret,
} from "./estate.ts";

let sandbox: Sandbox;

const start = async (input: ScenarioInput = {}) => {
  sandbox = await startSandbox({ clusters: 1, speed: 50, ...input });
  return sandbox;
};

afterEach(() => sandbox.stop());

describe("who may ask", () => {
  test.each([
    { name: "no token", token: undefined },
    { name: "a token that nobody has", token: "token-abcde:wrong" },
    { name: "something else", token: "x" },
  ])("$name is answered with 401, but the bundle is for everybody", async ({ token }) => {
    await start({ clusters: 0 });
    for (const path of ["/v3/clusters", "/v3/settings/server-url", "/k8s/clusters/local/api/v1/namespaces", "/apis"]) {
      const { status, body } = await ask(sandbox, path, { token });
      expect([path, status]).toEqual([path, 401]);
      expect(JSON.parse(body)).toMatchObject({ type: "error", message: "Unauthorized 401: must authenticate" });
    }
    expect((await ask(sandbox, "/v3/settings/cacerts", { token })).status).toBe(200);
  });

  test("a token says when it ends, and is refused from then on", async () => {
    await start({ clusters: 0, faults: [{ kind: "token-expires", minutes: 60 }] });
    const name = must(sandbox.token.split(":")[0]);
    const { body } = await ask(sandbox, `/v3/tokens/${name}`);
    const facts = JSON.parse(body);
    expect(facts).toMatchObject({ id: name, expired: false, current: true, type: "token" });
    expect(Date.parse(facts.expiresAt) - Date.now()).toBeGreaterThan(50 * 60_000);
    await sandbox.inject({ kind: "token-expires", minutes: -1 });
    expect((await ask(sandbox, "/v3/clusters")).status).toBe(401);
  });

  test("it is told who it is", async () => {
    await start({ clusters: 0 });
    const { data } = JSON.parse((await ask(sandbox, "/v3/users?me=true")).body);
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({ username: "admin", me: true });
  });
});

describe("clusters behind Rancher", () => {
  test("Rancher's API gives a cluster's name, state and agent", async () => {
    await start();
    const { id, name } = must(sandbox.clusters[0]);
    const { data } = JSON.parse((await ask(sandbox, "/v3/clusters")).body);
    expect(data.map((cluster: { id: string }) => cluster.id).sort()).toEqual([id, "local"].sort());
    const cluster = JSON.parse((await ask(sandbox, `/v3/clusters/${id}`)).body);
    expect(cluster).toMatchObject({ id, name, state: "active", agentImage: "rancher/rancher-agent:v2.15.1" });
    expect((await ask(sandbox, "/v3/clusters/c-nowhere")).status).toBe(404);
  });

  test("a request goes through the tunnel to the cluster's own API", async () => {
    await start();
    const cluster = must(sandbox.clusters[0]);
    const path = `/k8s/clusters/${cluster.id}/apis/apps/v1/namespaces/cattle-system/deployments/cattle-cluster-agent`;
    const deployment = JSON.parse((await ask(sandbox, path)).body);
    const body = { spec: { minReadySeconds: 7 } };
    const patched = await ask(sandbox, path, { method: "PATCH", type: "application/merge-patch+json", body });
    expect(deployment.metadata.name).toBe("cattle-cluster-agent");
    expect(patched.status).toBe(200);
    expect((await agentDeployment(cluster)).minReadySeconds).toBe(7);
    const missing = await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces/default/secrets/none`);
    expect([missing.status, JSON.parse(missing.body).reason]).toEqual([404, "NotFound"]);
  });

  test("without a tunnel it says that the agent is disconnected; without a cluster, that there is none", async () => {
    await start();
    const { id } = must(sandbox.clusters[0]);
    await sandbox.inject({ kind: "offline", cluster: id });
    await sandbox.waitUntil(() => !sandbox.cluster(id).connected());
    const { status, body } = await ask(sandbox, `/k8s/clusters/${id}/api/v1/namespaces`);
    expect([status, body]).toEqual([500, "cluster agent disconnected"]);
    expect((await ask(sandbox, "/k8s/clusters/c-nowhere/api")).status).toBe(404);
  });

  test("the local cluster is there by three names", async () => {
    await start({ clusters: 0 });
    const path = "/api/v1/namespaces/kube-system";
    const answers = await Promise.all([
      ask(sandbox, path),
      ask(sandbox, `/k8s/clusters/local${path}`),
      sandbox.management.get({ group: "", version: "v1", resource: "namespaces" }, "kube-system"),
    ]);
    const [one, two] = answers.slice(0, 2).map((answer) => JSON.parse(String(at({ ...answer }, "body"))).metadata.uid);
    expect([one, two]).toEqual([must(answers[2]).metadata.uid, must(answers[2]).metadata.uid]);
  });

  test("a registration token is shown with its commands, and its manifest can be fetched with it", async () => {
    await start();
    const { id } = must(sandbox.clusters[0]);
    const { data } = JSON.parse((await ask(sandbox, `/v3/clusterregistrationtokens?clusterId=${id}`)).body);
    const system = data.find((each: { name: string }) => each.name === "system");
    expect(system.token).toMatch(/^[a-z0-9]{54}$/);
    expect(system.manifestUrl).toBe(`${sandbox.serverUrl}/v3/import/${system.token}_${id}.yaml`);
    const manifest = await ask(sandbox, new URL(system.manifestUrl).pathname, { token: undefined });
    expect(manifest.status).toBe(200);
    expect(manifest.body).toContain("CATTLE_CA_CHECKSUM");
    expect(manifest.body).not.toContain("CATTLE_FEATURES");
    const wrong = await ask(sandbox, `/v3/import/wrong_${id}.yaml`, { token: undefined });
    expect([wrong.status, JSON.parse(wrong.body).message]).toEqual([400, "cluster not found or invalid token"]);
  });

  test("row 22: a kubeconfig that people download embeds the bundle of the moment", async () => {
    await start();
    const { id } = must(sandbox.clusters[0]);
    const { body } = await ask(sandbox, `/v3/clusters/${id}?action=generateKubeconfig`, { method: "POST" });
    const data = Buffer.from(sandbox.pki.today.bundle.trimEnd()).toString("base64");
    expect(JSON.parse(body).config.replace(/\s+/g, "")).toContain(data.slice(0, 200));
  });
});

describe("several replicas", () => {
  test("a replica that starts from a stale Secret goes on serving the earlier bundle", async () => {
    await start({ clusters: 0 });
    const today = sandbox.pki.today.bundle.trimEnd();
    const other = await sandbox.pki.newAuthority("B");
    await writeSecret(sandbox, "tls-ca", { "cacerts.pem": other.bundle });
    await sandbox.inject({ kind: "stale-rancher" });
    const starts = sandbox.statistics().rancher.starts;
    await sandbox.restartRancher();
    await sandbox.waitUntil(
      async () => sandbox.statistics().rancher.starts > starts && (await servedBundle(sandbox)) !== undefined,
    );
    expect(await servedBundle(sandbox)).toBe(today);
  });

  test("a replica believes an earlier value until it notices the change", async () => {
    await start({ clusters: 0, rancher: { replicas: 2, version: "2.14" } });
    await sandbox.waitUntil(async () => (await readyRanchers()) === 2, { what: "two replicas" });
    await sandbox.inject({ kind: "setting-delay", seconds: 100 });
    const before = must(await servedBundle(sandbox));
    await sandbox.management.patch(SETTINGS, "cacerts", { type: "merge", body: { value: "another" } });
    expect(await servedBundle(sandbox)).toBe(before);
    await sandbox.waitUntil(async () => (await servedBundle(sandbox)) === "another");
  });

  test("restarting two replicas one by one never leaves nobody to answer", async () => {
    await start({ clusters: 2, rancher: { replicas: 3 } });
    await sandbox.waitUntil(async () => (await readyRanchers()) === 3, { what: "three replicas" });
    const starts = sandbox.statistics().rancher.starts;
    const seen = new Set<number>();
    await sandbox.restartRancher();
    await sandbox.waitUntil(async () => {
      seen.add((await ask(sandbox, "/ping")).status);
      return sandbox.statistics().rancher.starts >= starts + 3 && (await readyRanchers()) === 3;
    });
    expect([...seen]).toEqual([200]);
    await sandbox.waitUntilConnected();
  });
});

describe("the webhook", () => {
  test("2.15.0: it denies even Rancher's own update, so that a changed bundle ends in a crash loop", async () => {
    await start({ clusters: 0, rancher: { version: "2.15.0" } });
    const other = await sandbox.pki.newAuthority("B");
    await writeSecret(sandbox, "tls-ca", { "cacerts.pem": other.bundle });
    await sandbox.restartRancher();
    await sandbox.waitUntil(() => sandbox.statistics().rancher.exits >= 3, { what: "a crash loop" });
    expect(await servedBundle(sandbox)).toBeUndefined();
    const { items } = await sandbox.management.list(PODS, { labelSelector: "app=rancher" });
    const states = JSON.stringify(items.map((pod) => pod.status));
    expect(states).toMatch(/CrashLoopBackOff|"exitCode":1/);

    // The cure of §2.2: the value is there before Rancher starts, so that it has nothing to set.
    const setting = must(await sandbox.management.get(SETTINGS, "cacerts"));
    const sudo = sandbox.managementServer.client({
      name: "system:serviceaccount:cattle-system:rancher-webhook-sudo",
      groups: ["system:masters"],
    });
    await sudo.update(SETTINGS, { ...setting, value: other.bundle.trimEnd() });
    await sandbox.waitUntil(async () => (await servedBundle(sandbox)) === other.bundle.trimEnd());
  });

  test.each([
    { version: "2.14", verdict: "allowed" },
    { version: "2.15.1", verdict: "denied" },
  ])("$version: an administrator's update of cacerts is $verdict", async ({ version, verdict }) => {
    await start({ clusters: 0, rancher: { version } });
    const update = sandbox.management.patch(SETTINGS, "cacerts", { type: "merge", body: { value: "x" } });
    if (verdict === "allowed") await expect(update).resolves.toMatchObject({ value: "x" });
    else await expect(update).rejects.toThrow("setting is read only");
  });

  test("2.15.1: Rancher's own update passes", async () => {
    await start({ clusters: 0, rancher: { version: "2.15.1" } });
    await serveBundle(sandbox, (await sandbox.pki.newAuthority("B")).bundle);
    expect(sandbox.statistics().rancher.exits).toBe(1);
  });
});

describe("the ingress", () => {
  test("new connections are shown a new certificate at once, without any restart", async () => {
    await start();
    const other = await sandbox.pki.newAuthority("B");
    const starts = sandbox.statistics().rancher.starts;
    expect(await servedIssuer(sandbox)).toBe("Example Issuing A");
    const { certificate, key } = await other.issue();
    await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    await sandbox.waitUntil(async () => (await servedIssuer(sandbox)) === "Example Issuing B");
    expect(sandbox.statistics().rancher.starts).toBe(starts);
    expect(must(sandbox.clusters[0]).connected()).toBe(true);
  });

  test("a late ingress replica shows the earlier certificate to every second connection", async () => {
    await start({ clusters: 0, rancher: { ingressReplicas: 2 } });
    await sandbox.inject({ kind: "ingress-late", seconds: 1000 });
    const { certificate, key } = await (await sandbox.pki.newAuthority("B")).issue();
    await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    await sandbox.waitUntil(async () => {
      const shown = [await servedIssuer(sandbox), await servedIssuer(sandbox)];
      return shown.sort().join() === "Example Issuing A,Example Issuing B";
    });
  });

  test("a pair that does not fit is not taken", async () => {
    await start({ clusters: 0 });
    const { certificate } = await (await sandbox.pki.newAuthority("B")).issue();
    const { key } = await sandbox.pki.today.issue();
    await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    expect(await servedIssuer(sandbox)).toBe("Example Issuing A");
  });
});

async function readyRanchers(): Promise<number> {
  const { items } = await sandbox.management.list(PODS, { labelSelector: "app=rancher" });
  return items.filter((pod) => {
    const conditions = at(pod, "status").conditions ?? [];
    return conditions.some((each: { type: string; status: string }) => each.type === "Ready" && each.status === "True");
  }).length;
}

test("Rancher's own objects are shaped like those of a real one", async () => {
  await start();
  const cluster = must(sandbox.clusters[0]);
  const object = must(await sandbox.management.get(CLUSTERS, cluster.id));
  expect(at(object, "spec").displayName).toBe(cluster.name);
  expect(at(object, "status")).toMatchObject({ driver: "imported", apiEndpoint: "https://10.43.0.1:443" });
  const kinds = at(object, "status").conditions.map((each: { type: string }) => each.type);
  expect(kinds).toEqual(expect.arrayContaining(["Connected", "Ready", "AgentDeployed", "AgentTlsStrictCheck"]));
});
