import { afterEach, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import {
  agentDeployment,
  agentPods,
  annotation,
  ask,
  at,
  condition,
  FORCE,
  forceDeploy,
  must,
  PODS,
  pinFor,
  SECRETS,
  setPin,
  writeSecret,
} from "./estate.ts";

let sandbox: Sandbox;

const start = async (input: ScenarioInput = {}) => {
  sandbox = await startSandbox({ clusters: 2, speed: 50, ...input });
  const [cluster, other] = sandbox.clusters;
  return { cluster: must(cluster), other: must(other) };
};

afterEach(() => sandbox.stop());

const statistics = (id: string) => must(sandbox.statistics().clusters[id]);
const connected = async (id: string) => (await condition(sandbox, id, "Connected")).status;

describe("the network between a cluster and Rancher", () => {
  test("a cluster that is offline from the start does not hold the others up, and comes back when it may", async () => {
    const { cluster, other } = await start({ faults: [{ kind: "offline", cluster: "paris" }] });
    expect([cluster.name, cluster.connected(), other.connected()]).toEqual(["paris", false, true]);
    await sandbox.inject({ kind: "offline", cluster: "paris", seconds: 1 });
    await sandbox.waitUntilConnected("paris");
  });

  test("a broken connection is opened again, and the outage is measured in sandbox time", async () => {
    const { cluster, other } = await start();
    await sandbox.inject({ kind: "disconnect", cluster: cluster.id });
    await sandbox.waitUntil(() => statistics(cluster.id).tunnels === 2);
    await sandbox.waitUntilConnected();
    const { outages, longestOutageMs } = statistics(cluster.id);
    expect(outages).toHaveLength(1);
    expect(longestOutageMs).toBeGreaterThan(4000);
    expect(longestOutageMs).toBeLessThan(60_000);
    expect(statistics(other.id).outages).toEqual([]);
  });

  test("a machine that is busy with something else takes no time from the estate", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "offline", cluster: cluster.id, seconds: 20 });
    await sandbox.waitUntil(() => !cluster.connected());
    // Two minutes of the estate, in which nobody there comes to a turn.
    for (const end = Date.now() + 2_400; Date.now() < end; );
    const since = Date.now();
    await sandbox.waitUntilConnected(cluster.name);
    expect(Date.now() - since).toBeGreaterThanOrEqual(300);
    expect(statistics(cluster.id).longestOutageMs).toBeGreaterThan(15_000);
    expect(statistics(cluster.id).longestOutageMs).toBeLessThan(100_000);
  });

  test("a flapping cluster loses its connection again and again", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "flapping", cluster: cluster.name, everySeconds: 30 });
    await sandbox.waitUntil(() => statistics(cluster.id).tunnels >= 4);
    expect(statistics(cluster.id).refused).toBe(0);
  });

  test("a half-open tunnel: the session is there, but Rancher notices that nobody answers", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "half-open", cluster: cluster.name, seconds: 300 });
    await sandbox.waitUntil(async () => (await connected(cluster.id)) === "False", { what: "Connected=False" });
    expect(cluster.connected()).toBe(true);
    await sandbox.waitUntilConnected(cluster.name);
  });

  test("a slow cluster answers late", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "slow", cluster: cluster.name, latencyMs: 10_000 });
    const since = Date.now();
    expect((await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces/kube-system`)).status).toBe(200);
    expect(Date.now() - since).toBeGreaterThanOrEqual(190);
  });
});

describe("what stands in an agent's way", () => {
  test("forbidden: a person may look at the Deployment but not change it; Rancher itself still may", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "forbidden", cluster: cluster.name });
    const path = `/k8s/clusters/${cluster.id}/apis/apps/v1/namespaces/cattle-system/deployments/cattle-cluster-agent`;
    const body = { spec: { minReadySeconds: 30 } };
    const patched = await ask(sandbox, path, { method: "PATCH", type: "application/merge-patch+json", body });
    expect([patched.status, JSON.parse(patched.body).reason]).toEqual([403, "Forbidden"]);
    expect((await ask(sandbox, path)).status).toBe(200);
    await forceDeploy(sandbox, cluster.id);
    await sandbox.waitUntil(async () => (await annotation(sandbox, cluster.id, FORCE)) === "false");
  });

  test("hidden: the token sees every cluster but this one", async () => {
    const { cluster, other } = await start();
    await sandbox.inject({ kind: "hidden", cluster: cluster.name });
    const { data } = JSON.parse((await ask(sandbox, "/v3/clusters")).body);
    const ids = data.map(({ id }: { id: string }) => id);
    expect([ids.includes(cluster.id), ids.includes(other.id)]).toEqual([false, true]);
    expect((await ask(sandbox, `/v3/clusters/${cluster.id}`)).status).toBe(404);
    // Rancher's own words, and no API server's: nothing has gone through the tunnel.
    const refused = await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`);
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body).Message).toMatch(/^clusters\.management\.cattle\.io "c-\w+" is forbidden: /);
    expect(cluster.connected()).toBe(true);
  });

  test("no-rights: the token sees the cluster, whose API server refuses its account everything", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "no-rights", cluster: cluster.name });
    expect((await ask(sandbox, `/v3/clusters/${cluster.id}`)).status).toBe(200);
    const refused = await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`);
    expect([refused.status, JSON.parse(refused.body).message]).toEqual([
      403,
      expect.stringMatching(/^namespaces is forbidden: User "\S+" cannot list resource "namespaces" in API group ""/),
    ]);
    expect(cluster.connected()).toBe(true);
  });

  test("image-missing: a waiting pod cannot start, the old one serves on", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "image-missing", cluster: cluster.name });
    await setPin(cluster, pinFor("the next bundle"), 30);
    await sandbox.waitUntil(async () => (await podStates(cluster.name)).includes("ImagePullBackOff"));
    expect(cluster.connected()).toBe(true);
  });

  test("node-full: there is no room for a second pod, the old one serves on", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "node-full", cluster: cluster.name });
    await setPin(cluster, pinFor("the next bundle"), 30);
    await sandbox.waitUntil(async () => (await podStates(cluster.name)).includes("Unschedulable"));
    expect(cluster.connected()).toBe(true);
  });

  test("node-full: a pod that is deleted makes room for its successor", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "node-full", cluster: cluster.name });
    const { agentStarts } = statistics(cluster.id);
    await sandbox.restartAgent(cluster.name);
    await sandbox.waitUntil(() => statistics(cluster.id).agentStarts > agentStarts && cluster.connected());
  });

  test.each(["other", "trailing-newline"] as const)("drifted (%s): it runs, but not again", async (pin) => {
    const { cluster, other } = await start({ faults: [{ kind: "drifted", cluster: "paris", pin }] });
    const served = pinFor(sandbox.pki.today.bundle.trimEnd());
    expect((await agentDeployment(cluster)).pin).not.toBe(served);
    expect((await agentDeployment(other)).pin).toBe(served);
    expect(statistics(cluster.id)).toMatchObject({ connected: true, pinMismatches: 0 });
    await sandbox.restartAgent("paris");
    await sandbox.waitUntil(() => statistics(cluster.id).pinMismatches > 0 && !cluster.connected());
  });
});

describe("what happens by itself", () => {
  test("agents restart at random, and come back", async () => {
    await start();
    const before = sandbox.clusters.map(({ id }) => statistics(id).agentStarts).reduce((a, b) => a + b);
    await sandbox.inject({ kind: "random-restarts", everySeconds: 20 });
    await sandbox.waitUntil(
      () => sandbox.clusters.map(({ id }) => statistics(id).agentStarts).reduce((a, b) => a + b) >= before + 3,
    );
    expect(sandbox.statistics().refused).toBe(0);
  });

  test("Rancher redeploys an armed cluster at random, and its pin is put back", async () => {
    const { cluster } = await start({ clusters: [{ name: "paris" }, { name: "oslo" }] });
    const served = (await agentDeployment(cluster)).pin;
    await setPin(cluster, pinFor("the next bundle"), 30);
    await sandbox.inject({ kind: "random-redeploys", everySeconds: 10 });
    await sandbox.waitUntil(async () => (await agentDeployment(cluster)).pin === served);
    expect((await agentDeployment(cluster)).minReadySeconds).toBe(30);
  });

  test.each(["argocd", "flux", "external-secrets", "cert-manager"] as const)(
    "%s puts its Secret back",
    async (tool) => {
      const fault = { kind: "owned-secret", secret: "tls-ca", tool, putsBackAfterSeconds: 5 } as const;
      sandbox = await startSandbox({ clusters: 0, speed: 50, faults: [fault] });
      const read = async () => must(await sandbox.management.get(SECRETS, "tls-ca"));
      const before = await read();
      const marks = JSON.stringify({ ...before.metadata.labels, ...before.metadata.annotations });
      expect(marks).toMatch(/argocd|fluxcd|external-secrets|cert-manager/);
      await writeSecret(sandbox, "tls-ca", { "cacerts.pem": "changed" });
      expect(JSON.stringify(at(await read(), "data"))).not.toBe(JSON.stringify(at(before, "data")));
      await sandbox.waitUntil(
        async () => JSON.stringify(at(await read(), "data")) === JSON.stringify(at(before, "data")),
      );
    },
  );
});

describe("an API that errs", () => {
  test("Rancher's proxy, at a rate", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "api-errors", target: "rancher", rate: 0.5, statuses: [429, 500] });
    const path = `/k8s/clusters/${cluster.id}/api/v1/namespaces/kube-system`;
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(sandbox, path)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 429, 500]);
  });

  test("one cluster's own API, for people but not for its agent", async () => {
    const { cluster } = await start();
    await sandbox.inject({ kind: "api-errors", target: cluster.name, rate: 1, statuses: [503] });
    const path = `/k8s/clusters/${cluster.id}/api/v1/namespaces/kube-system`;
    expect((await ask(sandbox, path)).status).toBe(503);
    await sandbox.restartAgent(cluster.name);
    await sandbox.waitUntil(() => statistics(cluster.id).tunnels >= 2);
    await sandbox.waitUntilConnected();
  });
});

describe("the control endpoint", () => {
  const post = (path: string, body: unknown) =>
    fetch(`${sandbox.controlUrl}${path}`, { method: "POST", body: JSON.stringify(body) });

  test("another process reads the counts and injects faults", async () => {
    const { cluster } = await start();
    const clusters = await (await fetch(`${sandbox.controlUrl}/clusters`)).json();
    expect(clusters).toContainEqual({ id: cluster.id, name: cluster.name, connected: true });
    expect((await post("/restart-agent", { cluster: cluster.name })).status).toBe(204);
    await sandbox.waitUntil(async () => {
      const read = JSON.parse(await (await fetch(`${sandbox.controlUrl}/statistics`)).text());
      return read.clusters[cluster.id].agentStarts >= 2;
    });
    expect((await post("/faults", { kind: "disconnect", cluster: cluster.name })).status).toBe(204);
  });

  test.each([
    { name: "no fault", body: { kind: "earthquake" } },
    { name: "a cluster that there is not", body: { kind: "disconnect", cluster: "atlantis" } },
  ])("$name is answered with 400", async ({ body }) => {
    sandbox = await startSandbox({ clusters: 0, speed: 50 });
    const answer = await post("/faults", body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(await answer.text()).message).toMatch(/kind|atlantis/);
  });
});

async function podStates(name: string): Promise<string> {
  const { items } = await sandbox.cluster(name).client.list(PODS, { labelSelector: "app=cattle-cluster-agent" });
  return JSON.stringify(items.map((pod) => pod.status));
}

test("two agents in one cluster hold two tunnels, and one of them is enough", async () => {
  const { cluster } = await start({ clusters: [{ name: "paris", agents: 2 }, { name: "oslo" }] });
  expect(await agentPods(cluster)).toHaveLength(2);
  expect(statistics(cluster.id).agentStarts).toBe(2);
  const [pod] = await agentPods(cluster);
  await cluster.client.delete(PODS, must(pod).name);
  await sandbox.waitUntil(() => statistics(cluster.id).agentStarts === 3);
  expect(statistics(cluster.id).outages).toEqual([]);
});

test("the answer to a change that ends the agent still gets through its tunnel", async () => {
  const { cluster } = await start();
  const path = `/k8s/clusters/${cluster.id}/apis/apps/v1/namespaces/cattle-system/deployments/cattle-cluster-agent`;
  const annotations = { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" };
  const body = { spec: { template: { metadata: { annotations } } } };
  const answer = await ask(sandbox, path, { method: "PATCH", type: "application/strategic-merge-patch+json", body });
  expect([answer.status, JSON.parse(answer.body).metadata.name]).toEqual([200, "cattle-cluster-agent"]);
  await sandbox.waitUntil(() => statistics(cluster.id).agentStarts === 2);
  await sandbox.waitUntilConnected();
});
