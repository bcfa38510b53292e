import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { at, CLUSTERS, must, SECRETS, serveBundle, writeSecret } from "./estate.ts";

test("a stopped sandbox leaves no listener, connection or timer behind", async () => {
  const left = () =>
    process
      .getActiveResourcesInfo()
      .filter((kind) => /TCP|TLS|Timeout/.test(kind))
      .sort();
  const before = left();
  const sandbox = await startSandbox({ clusters: 3, speed: 50 });
  expect(left().length).toBeGreaterThan(before.length);
  await sandbox.restartAgent("paris");
  await sandbox.inject({ kind: "random-restarts", everySeconds: 5 });
  await sandbox.stop();
  await sandbox.waitUntil(() => left().length <= before.length, { what: `nothing but ${before}` });
  await expect(fetch(`${sandbox.controlUrl}/statistics`)).rejects.toThrow();
});

test("two sandboxes in one process do not know of each other", async () => {
  const sandboxes = await Promise.all([1, 2].map((seed) => startSandbox({ clusters: 1, speed: 50, seed })));
  try {
    const [one, two] = sandboxes;
    const { certificate, key } = await must(one)
      .pki.newAuthority("B")
      .then((authority) => authority.issue());
    await writeSecret(must(one), "tls-rancher-ingress", { "tls.crt": certificate, "tls.key": key });
    await must(one).inject({ kind: "disconnect", cluster: "paris" });
    await must(one).waitUntil(() => must(one).statistics().refused > 0);
    expect(must(two).statistics()).toMatchObject({ refused: 0 });
    expect(must(two).cluster("paris").connected()).toBe(true);
  } finally {
    await Promise.all(sandboxes.map((sandbox) => sandbox.stop()));
  }
});

test("the same seed gives the same cluster IDs, another seed others", async () => {
  const ids = async (seed: number) => {
    const sandbox = await startSandbox({ clusters: 2, speed: 50, seed });
    await sandbox.stop();
    return sandbox.clusters.map(({ id }) => id);
  };
  expect(await ids(7)).toEqual(await ids(7));
  expect(await ids(7)).not.toEqual(await ids(8));
});

test("consumers that are not moved are there to be recognised", async () => {
  const sandbox = await startSandbox({
    speed: 50,
    rancher: { version: "2.11" },
    clusters: [{ name: "paris", driver: "rke2", fleet: true, nodeAgent: true, windows: true }],
  });
  try {
    const { id, client } = sandbox.cluster("paris");
    expect(id).toMatch(/^c-m-[a-z0-9]{8}$/);
    const fleetDefault = { version: "v1", resource: "clusters", namespace: "fleet-default" };
    const provisioned = await sandbox.management.get({ ...fleetDefault, group: "provisioning.cattle.io" }, "paris");
    expect(at(must(provisioned), "status").clusterName).toBe(id);
    const fleet = await sandbox.management.get(
      { ...fleetDefault, group: "fleet.cattle.io", version: "v1alpha1" },
      "paris",
    );
    expect(at(must(fleet), "status").apiServerCAHash).toMatch(/^[0-9a-f]{56}$/);
    const plans = await client.list({ group: "upgrade.cattle.io", version: "v1", resource: "plans" });
    expect(plans.items.map(({ metadata }) => metadata.name).sort()).toEqual([
      "system-agent-upgrader",
      "system-agent-upgrader-windows",
    ]);
    const daemonSets = await client.list({ group: "apps", version: "v1", resource: "daemonsets" });
    expect(daemonSets.items.map(({ metadata }) => metadata.name)).toEqual(["cattle-node-agent"]);
    const kubeconfig = await client.get({ ...SECRETS, namespace: "cattle-fleet-system" }, "fleet-agent");
    expect(Buffer.from(at(must(kubeconfig), "data").kubeconfig, "base64").toString()).toContain(sandbox.serverUrl);
  } finally {
    await sandbox.stop();
  }
});

test("the Helm release says how Rancher was installed", async () => {
  const sandbox = await startSandbox({ clusters: 0, speed: 50 });
  try {
    const secret = must(await sandbox.management.get(SECRETS, "sh.helm.release.v1.rancher.v1"));
    const stored = Buffer.from(at(secret, "data").release, "base64").toString();
    const release = JSON.parse(gunzipSync(Buffer.from(stored, "base64")).toString());
    expect(release).toMatchObject({ name: "rancher", info: { status: "deployed" } });
    expect(release.config).toMatchObject({ privateCA: true, ingress: { tls: { source: "secret" } } });
  } finally {
    await sandbox.stop();
  }
});

test.each(["2.6", "2.9", "2.12", "2.15.1"])(
  "Rancher %s: clusters connect, and an overlap costs nobody",
  async (version) => {
    const sandbox = await startSandbox({ clusters: 2, speed: 50, rancher: { version } });
    try {
      const [cluster] = sandbox.clusters;
      const object = must(await sandbox.management.get(CLUSTERS, must(cluster).id));
      expect(at(object, "status").agentImage).toMatch(new RegExp(`^rancher/rancher-agent:v${version}`));
      await serveBundle(sandbox, sandbox.pki.today.bundle + (await sandbox.pki.newAuthority("B")).bundle);
      await sandbox.waitUntilConnected();
      expect(sandbox.statistics().refused).toBe(0);
    } finally {
      await sandbox.stop();
    }
  },
);
