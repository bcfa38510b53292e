import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Estate, estateSchema } from "../../src/estate/estate.ts";
import { observeAgent } from "../../src/observe/agent.ts";
import { observeCluster } from "../../src/observe/observe-cluster.ts";
import { observeEstate } from "../../src/observe/observe-estate.ts";
import { openWorld, type World } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";

let sandbox: Sandbox;
let directory: string;
let kubeconfig: string;
let world: World;
let estate: Estate;
const now = () => new Date();

beforeAll(async () => {
  sandbox = await startSandbox({
    rancher: { replicas: 2 },
    clusters: [
      { name: "paris", agents: 2 },
      { name: "lagos" },
      { name: "oslo", driver: "rke2", fleet: true, nodeAgent: true, windows: true },
    ],
    faults: [{ kind: "offline", cluster: "lagos" }],
  });
  await waitUntilRancherRests(sandbox);
  directory = await mkdtemp(join(tmpdir(), "farrier-observe-"));
  kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, sandbox.managementKubeconfig);
  world = await openWorld({ kubeconfig, token: Secret.of(sandbox.token) });
  estate = await observeEstate(world, { now });
});

afterAll(async () => {
  await world?.close();
  await sandbox?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true });
});

const cluster = (name: string) => {
  const found = estate.clusters.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no cluster ${name} was observed`);
  return found;
};

describe("an observed estate", () => {
  it("fits its published schema and knows itself", () => {
    expect(estateSchema.parse(estate)).toEqual(estate);
    expect(estate.identity.serverUrl).toBe(sandbox.serverUrl);
    expect(estate.access).toMatchObject({ throughRancher: false, token: { valid: true, user: "admin" } });
    expect(estate.access.permissions.every(({ allowed }) => allowed === "yes")).toBe(true);
  });

  it("shows how Rancher is installed and what it serves, byte for byte", () => {
    expect(estate.installation).toMatchObject({
      version: "v2.15.1",
      replicas: 2,
      readyReplicas: 2,
      rollingOut: false,
      privateCa: true,
      tlsSource: "secret",
      agentTlsMode: "strict",
      clusterStatusSubresource: true,
    });
    expect(estate.installation.pods).toHaveLength(2);
    expect(estate.trust.written).toBe(sandbox.pki.today.bundle);
    expect(estate.trust.served).toEqual([sandbox.pki.today.bundle.trim()]);
    expect(estate.trust).toMatchObject({ source: "db", settingUpdate: { allowed: "yes" } });
    expect(estate.trust.certificates.map(({ ca }) => ca)).toEqual([true, true]);
    const leaf = estate.serving.certificates[0]?.fingerprint;
    expect(leaf).toMatch(/^[0-9a-f]{64}$/);
    expect(estate.serving.presented.map(({ fingerprints }) => fingerprints[0])).toEqual([leaf]);
  });

  it("shows each agent with its pods and the pin that Rancher's manifest gave it", () => {
    const paris = cluster("paris");
    expect(paris).toMatchObject({
      local: false,
      driver: "imported",
      tunnel: { kind: "answering" },
      permissions: { patchAgent: "yes", deletePods: "yes", listPods: "yes" },
      agent: { pin: estate.trust.pin, strict: true, replicas: 2, settled: true, serverUrl: sandbox.serverUrl },
    });
    expect(paris.agent?.pods).toHaveLength(2);
    for (const pod of paris.agent?.pods ?? [])
      expect(pod).toMatchObject({ pin: estate.trust.pin, ready: true, hasRun: true });
    expect(cluster("local")).toMatchObject({ local: true, kubeSystemUid: estate.identity.kubeSystemUid });
  });

  it("recognises every consumer, and what it cannot move", () => {
    const kinds = (name: string) =>
      cluster(name).consumers.map(({ kind, movable }) => `${kind}${movable ? "" : " (held)"}`);
    expect(kinds("paris")).toEqual(["cluster-agent"]);
    expect(kinds("oslo")).toEqual([
      "cluster-agent",
      "node-agent",
      "system-agent (held)",
      "system-agent (held)",
      "fleet-agent (held)",
    ]);
    expect(cluster("paris").consumers[0]?.evidence).toContainEqual(
      expect.objectContaining({ kind: "declared", pin: estate.trust.pin }),
    );
  });

  it("has a gap, and not a smaller list, where a cluster does not answer", () => {
    const lagos = cluster("lagos");
    expect(lagos.tunnel.kind).toBe("unreachable");
    expect(lagos.connected?.status).toBe("False");
    expect(lagos.consumers.map(({ kind, evidence }) => [kind, evidence.length])).toEqual([["cluster-agent", 0]]);
    expect(estate.gaps.map(({ target }) => target)).toEqual([`cluster ${lagos.id}`]);
  });

  it("holds no key and no token", () => {
    const text = JSON.stringify(estate);
    expect(text).not.toContain("PRIVATE KEY");
    expect(text).not.toContain(sandbox.token.split(":")[1]);
  });

  it("can be asked again for one cluster, cheaply", async () => {
    const { id } = cluster("paris");
    const again = await observeCluster(world, id, now);
    expect(again?.agent?.uid).toBe(cluster("paris").agent?.uid);
    expect((await observeAgent(world.rancher.downstream(id)))?.pin).toBe(estate.trust.pin);
    expect(await observeCluster(world, "c-none0", now)).toBeUndefined();
    await expect(observeAgent(world.rancher.downstream(cluster("lagos").id))).rejects.toMatchObject({
      kind: "transient",
    });
  });
});

describe("an estate that was seen before", () => {
  it("is looked at again and found the same", async () => {
    const again = await observeEstate(world, { now, previous: estate });
    expect(estateSchema.parse(again)).toEqual(again);
    expect(again.observedAt > estate.observedAt).toBe(true);
    const plain = (one: Estate) =>
      one.clusters.map(({ id, agent, permissions, consumers, tunnel }) => ({
        id,
        pin: agent?.pin,
        pods: agent?.pods.map(({ uid }) => uid),
        permissions,
        consumers: consumers.map((consumer) => consumer.id).sort(),
        tunnel: tunnel.kind,
      }));
    expect(plain(again)).toEqual(plain(estate));
    expect(again.access).toEqual(estate.access);
    expect(again.trust).toEqual(estate.trust);
  });

  it("shows what has changed in between", async () => {
    const { agent, id } = cluster("paris");
    await sandbox.restartAgent("paris");
    await sandbox.waitUntil(async () => {
      const pods = (await observeAgent(world.rancher.downstream(id)).catch(() => undefined))?.pods ?? [];
      return pods.length === 2 && pods.every(({ uid, ready }) => ready && agent?.pods.every((old) => old.uid !== uid));
    });
    const again = await observeEstate(world, { now, previous: estate });
    const paris = again.clusters.find((one) => one.id === id);
    expect(paris?.agent?.pods.map(({ uid }) => uid)).not.toEqual(agent?.pods.map(({ uid }) => uid));
  });
});

describe("an estate that cannot be seen whole", () => {
  it("is observed without its clusters when Rancher refuses the token", async () => {
    const stranger = await openWorld({ kubeconfig, token: Secret.of("token-abcde:wrong") });
    try {
      const seen = await observeEstate(stranger, { now });
      expect(seen.access.token.valid).toBe(false);
      expect(seen.clusters).toHaveLength(4);
      expect(seen.clusters.filter(({ local, tunnel }) => !local && tunnel.kind === "answering")).toEqual([]);
      expect(JSON.stringify(seen)).not.toContain("token-abcde:wrong");
    } finally {
      await stranger.close();
    }
  });

  it("is not held up by a tunnel that is half open", async () => {
    const { id } = cluster("paris");
    await sandbox.inject({ kind: "half-open", cluster: "paris", seconds: 3000 });
    const seen = await observeEstate(world, { now, previous: estate, answerWithinMs: 3000 });
    expect(seen.clusters.find((one) => one.id === id)?.tunnel.kind).toBe("unreachable");
    expect(seen.clusters.find(({ name }) => name === "oslo")?.tunnel.kind).toBe("answering");
  });

  it("is seen through the faults of a busy server", async () => {
    const refused: number[] = [];
    sandbox.managementServer.audit.onEntry(({ user, code }) => {
      if (user === "estate-admin" && code >= 429) refused.push(code);
    });
    await sandbox.inject({ kind: "api-errors", target: "management", rate: 0.3, statuses: [429, 500] });
    const seen = await observeEstate(world, { now });
    expect(seen.clusters.map(({ id }) => id)).toEqual(estate.clusters.map(({ id }) => id));
    expect(seen.trust.pin).toBe(estate.trust.pin);
    expect(refused.length).toBeGreaterThan(0);
  });
});
