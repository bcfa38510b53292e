import { afterEach, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import {
  agentDeployment,
  agentPods,
  annotation,
  ask,
  CLUSTERS,
  condition,
  DEPLOYMENTS,
  directLog,
  FORCE,
  forceDeploy,
  must,
  PODS,
  pinFor,
  podLog,
  serveBundle,
  servedBundle,
  servedIssuer,
  setPin,
  writeSecret,
} from "./estate.ts";

/** What was seen on a running Rancher, row by row ("0a" of the collected facts), and how the sandbox plays it. */

let sandbox: Sandbox;

const start = async (input: Parameters<typeof startSandbox>[0] = {}) => {
  sandbox = await startSandbox({ clusters: 1, speed: 50, ...input });
  return { sandbox, cluster: must(sandbox.clusters[0]) };
};

afterEach(() => sandbox.stop());

describe("the bundle that Rancher serves", () => {
  test("row 1: it is the file without its last newline, and the pin is the file's hash with exactly one", async () => {
    const { cluster } = await start();
    const file = sandbox.pki.today.bundle;
    const setting = JSON.parse((await ask(sandbox, "/v3/settings/cacerts", { token: undefined })).body);
    expect(setting).toMatchObject({ value: file.trimEnd(), source: "db", customized: true, type: "setting" });
    expect((await agentDeployment(cluster)).pin).toBe(pinFor(file.trimEnd()));
  });

  test("row 2: /cacerts answers 503 for a while after the start, the setting does not", async () => {
    sandbox = await startSandbox({ speed: 5, rancher: { startSeconds: [0, 0] }, clusters: 0 });
    const early = await ask(sandbox, "/cacerts", { token: undefined });
    expect(early).toMatchObject({ status: 503, body: "API Aggregation not ready" });
    expect(await servedBundle(sandbox)).toBe(sandbox.pki.today.bundle.trimEnd());
    await sandbox.waitUntil(async () => (await ask(sandbox, "/cacerts")).status === 200);
    expect((await ask(sandbox, "/cacerts", { token: undefined })).body).toBe(sandbox.pki.today.bundle);
  });

  test("rows 3 and 4: a changed Secret shows only after a restart, during which clusters stay Connected", async () => {
    // Five seconds of the estate are between the last moment at which an agent dials again and Rancher's first look.
    const { cluster } = await start({ speed: 15 });
    const other = await sandbox.pki.newAuthority("B");
    const both = sandbox.pki.today.bundle + other.bundle;
    const before = await servedBundle(sandbox);
    await writeSecret(sandbox, "tls-ca", { "cacerts.pem": both });
    await sandbox.waitUntil(async () => (await ask(sandbox, "/v3/clusters")).status === 200);
    expect(await servedBundle(sandbox)).toBe(before);

    await sandbox.restartRancher();
    const seen = new Set<number>();
    await sandbox.waitUntil(async () => {
      const { status, type } = await ask(sandbox, "/v3/settings/cacerts");
      seen.add(status);
      if (status >= 500) expect(type).toBe("text/html");
      return (await servedBundle(sandbox)) === both.trimEnd();
    });
    expect([...seen].some((status) => status === 502 || status === 503)).toBe(true);
    await sandbox.waitUntilConnected();
    const { lostCondition, agentStarts, tunnels } = must(sandbox.statistics().clusters[cluster.id]);
    expect({ lostCondition, agentStarts }).toEqual({ lostCondition: 0, agentStarts: 1 });
    expect(tunnels).toBe(2);
    expect((await agentDeployment(cluster)).pin).toBe(pinFor(must(before)));
  });

  test.each(["crlf", "bom", "comment"] as const)("row 17: a bundle with %s is served as written", async (bundle) => {
    const { cluster } = await start({ tls: { bundle } });
    const value = must(await servedBundle(sandbox));
    expect(value).not.toBe(sandbox.pki.today.bundle.trimEnd());
    expect((await agentDeployment(cluster)).pin).toBe(pinFor(value));
    expect(cluster.connected()).toBe(true);
  });
});

describe("the pin window", () => {
  test("rows 5, 6 and 7: an agent that restarts in it is cut off, a redeploy waits, and a recall brings it back", async () => {
    const { cluster } = await start();
    const today = sandbox.pki.today.bundle;
    const both = today + (await sandbox.pki.newAuthority("B")).bundle;
    await serveBundle(sandbox, both);
    await sandbox.restartAgent(cluster.name);
    const ready = () => condition(sandbox, cluster.id, "Ready");
    await sandbox.waitUntil(async () => (await ready()).status === "False", { what: "Ready=False" });
    expect(await ready()).toMatchObject({ reason: "Disconnected", message: "Cluster agent is not connected" });
    expect(await condition(sandbox, cluster.id, "Connected")).toMatchObject({ status: "False" });
    expect(sandbox.statistics()).toMatchObject({ refused: 0 });
    expect(must(sandbox.statistics().clusters[cluster.id]).pinMismatches).toBeGreaterThan(0);

    await forceDeploy(sandbox, cluster.id);
    const leader = must((await sandbox.management.list(PODS, { labelSelector: "app=rancher" })).items[0]);
    const log = () => podLog(sandbox, "management", leader.metadata.name);
    await sandbox.waitUntil(async () =>
      (await log()).includes("cannot connect to the cluster's Kubernetes API, requeuing"),
    );
    expect(await annotation(sandbox, cluster.id, FORCE)).toBe("true");

    await serveBundle(sandbox, today);
    await sandbox.waitUntilConnected();
    await sandbox.waitUntil(async () => (await annotation(sandbox, cluster.id, FORCE)) === "false");
    expect((await agentDeployment(cluster)).pin).toBe(pinFor(today.trimEnd()));
  });

  test("row 5: the agent says which pins differ", async () => {
    const { cluster } = await start();
    await setPin(cluster, pinFor("another bundle"));
    await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).pinMismatches > 0);
    const pod = must((await agentPods(cluster)).find(({ pin }) => pin === pinFor("another bundle")));
    const served = pinFor(sandbox.pki.today.bundle.trimEnd());
    await sandbox.waitUntil(async () =>
      (await directLog(cluster, pod.name)).includes(
        `ERROR: Configured cacerts checksum (${served}) does not match given --ca-checksum (${pod.pin})`,
      ),
    );
  });
});

describe("redeploying an agent", () => {
  test("row 8: with a live tunnel the annotation is answered and the pin becomes what is served", async () => {
    const { cluster } = await start();
    const both = sandbox.pki.today.bundle + (await sandbox.pki.newAuthority("B")).bundle;
    await serveBundle(sandbox, both);
    await sandbox.waitUntilConnected();
    await forceDeploy(sandbox, cluster.id);
    await sandbox.waitUntil(async () => (await annotation(sandbox, cluster.id, FORCE)) === "false");
    expect((await agentDeployment(cluster)).pin).toBe(pinFor(both.trimEnd()));
    await sandbox.waitUntil(() => must(sandbox.statistics().clusters[cluster.id]).agentStarts >= 2);
    await sandbox.waitUntilConnected();
    expect(sandbox.statistics().refused).toBe(0);
  });

  test("rows 9 and 10: the whole overlap works by hand, and nobody meets a chain that they refuse", async () => {
    const { cluster } = await start();
    const other = await sandbox.pki.newAuthority("B");
    await serveBundle(sandbox, sandbox.pki.today.bundle + other.bundle);
    await sandbox.waitUntilConnected();
    await redeployed(cluster.id, cluster.name);

    const { certificate, key } = await other.issue();
    await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    await sandbox.waitUntil(async () => (await servedIssuer(sandbox)) === "Example Issuing B");
    await sandbox.inject({ kind: "disconnect", cluster: cluster.id });
    await sandbox.waitUntil(() => !cluster.connected());
    await sandbox.waitUntilConnected();

    await serveBundle(sandbox, other.bundle);
    await sandbox.waitUntilConnected();
    await redeployed(cluster.id, cluster.name);
    expect((await agentDeployment(cluster)).pin).toBe(pinFor(other.bundle.trimEnd()));
    expect(sandbox.statistics().refused).toBe(0);
  });

  test.each([
    { version: "2.15.1", plain: "unchanged", subresource: "accepted" },
    { version: "2.14", plain: "redeployed", subresource: "refused" },
  ])("row 13: a dummy agent image under $version", async ({ version, plain, subresource }) => {
    const { cluster } = await start({ rancher: { version } });
    const body = { status: { agentImage: "dummy" } };
    const before = must(await sandbox.management.get(CLUSTERS, cluster.id));
    const after = await sandbox.management.patch(CLUSTERS, cluster.id, { type: "merge", body });
    const image = () => sandbox.management.get(CLUSTERS, cluster.id).then((object) => JSON.stringify(object?.status));
    if (plain === "unchanged") {
      expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    } else {
      await sandbox.waitUntil(async () => !(await image()).includes("dummy"), { what: "the image to be put back" });
    }
    const patched = sandbox.management.patch(CLUSTERS, cluster.id, { type: "merge", body, subresource: "status" });
    if (subresource === "refused") {
      await expect(patched).rejects.toMatchObject({ status: 404 });
    } else {
      await patched;
      await sandbox.waitUntil(async () => !(await image()).includes("dummy"), { what: "the image to be put back" });
    }
    // The manifest is the same, so no pod restarts.
    expect(must(sandbox.statistics().clusters[cluster.id]).agentStarts).toBe(1);
  });

  test("it leaves minReadySeconds alone and puts the pin back to what is served", async () => {
    const { cluster } = await start();
    const served = pinFor(sandbox.pki.today.bundle.trimEnd());
    await setPin(cluster, pinFor("the next bundle"), 30);
    await forceDeploy(sandbox, cluster.id);
    await sandbox.waitUntil(async () => (await annotation(sandbox, cluster.id, FORCE)) === "false");
    expect(await agentDeployment(cluster)).toMatchObject({ pin: served, minReadySeconds: 30 });
  });
});

describe("a flag day", () => {
  test("row 11: the agent never comes back by itself, and its pod looks healthy", async () => {
    const { cluster } = await start();
    const other = await sandbox.pki.newAuthority("B");
    const { certificate, key } = await other.issue();
    await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    await serveBundle(sandbox, other.bundle);
    const refused = () => must(sandbox.statistics().clusters[cluster.id]).refused;
    await sandbox.waitUntil(() => refused() >= 6, { what: "six refusals" });
    const statistics = must(sandbox.statistics().clusters[cluster.id]);
    expect(statistics).toMatchObject({ connected: false, agentStarts: 1, agentExits: 0 });
    const phases = new Set(sandbox.statistics().refusals.map(({ phase }) => phase));
    expect(phases).toEqual(new Set(["tunnel", "aggregation"]));
    expect(sandbox.statistics().refusals[0]?.reason).toBe("x509: certificate signed by unknown authority");
    const pod = must((await cluster.client.list(PODS, { labelSelector: "app=cattle-cluster-agent" })).items[0]);
    expect(JSON.stringify(pod.status)).toContain('"phase":"Running"');

    // Row 12: cured from inside, by the pin alone.
    await setPin(cluster, pinFor(other.bundle.trimEnd()));
    await sandbox.waitUntilConnected();
  });
});

describe("the second session", () => {
  test("rows 14 and 15: without CATTLE_FEATURES the tunnel opens but the cluster is not Connected; a redeploy cures it", async () => {
    const { cluster } = await start();
    const env = [{ name: "CATTLE_FEATURES", $patch: "delete" }];
    const body = { spec: { template: { spec: { containers: [{ name: "cluster-register", env }] } } } };
    await cluster.client.patch(DEPLOYMENTS, "cattle-cluster-agent", { type: "strategic", body });
    await sandbox.waitUntil(async () => (await condition(sandbox, cluster.id, "Connected")).status === "False");
    expect((await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces/kube-system`)).status).toBe(200);
    await forceDeploy(sandbox, cluster.id);
    await sandbox.waitUntilConnected();
    expect((await agentDeployment(cluster)).environment).toContain("CATTLE_FEATURES");
  });
});

async function redeployed(id: string, name: string): Promise<void> {
  const starts = () => must(sandbox.statistics().clusters[id]).agentStarts;
  const before = starts();
  await forceDeploy(sandbox, id);
  await sandbox.waitUntil(async () => (await annotation(sandbox, id, FORCE)) === "false" && starts() > before);
  await sandbox.waitUntilConnected(name);
  const cluster = sandbox.cluster(name);
  await sandbox.waitUntil(async () => (await agentPods(cluster)).length === 1, { what: "the old agent to be gone" });
}
