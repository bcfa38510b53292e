import { afterEach, expect, test } from "vitest";
import { type Sandbox, type SandboxCluster, startSandbox } from "../../src/sandbox/sandbox.ts";
import {
  agentDeployment,
  agentPods,
  condition,
  must,
  PODS,
  pinFor,
  replicaSets,
  serveBundle,
  setPin,
} from "./estate.ts";

/** A Deployment that straddles two pins: the rows "0b" of the collected facts, with an agent that really checks. */

let sandbox: Sandbox;

afterEach(() => sandbox.stop());

interface Straddling {
  readonly cluster: SandboxCluster;
  readonly both: string;
  readonly present: string;
  readonly next: string;
}

async function start(): Promise<Straddling> {
  sandbox = await startSandbox({ clusters: 1, speed: 50 });
  const today = sandbox.pki.today.bundle;
  const both = today + (await sandbox.pki.newAuthority("B")).bundle;
  const cluster = must(sandbox.clusters[0]);
  return { cluster, both, present: pinFor(today.trimEnd()), next: pinFor(both.trimEnd()) };
}

async function armed(): Promise<Straddling> {
  const straddling = await start();
  await setPin(straddling.cluster, straddling.next, 30);
  await sandbox.waitUntil(() => statistics(straddling.cluster).pinMismatches >= 2, { what: "the crash loop" });
  return straddling;
}

const statistics = ({ id }: SandboxCluster) => must(sandbox.statistics().clusters[id]);

async function podWith(cluster: SandboxCluster, pin: string): Promise<string> {
  return must((await agentPods(cluster)).find((pod) => pod.pin === pin)).name;
}

test("rows 1 and 7: the next pin without minReadySeconds loses the cluster", async () => {
  const { cluster, next } = await start();
  await setPin(cluster, next);
  await sandbox.waitUntil(() => !cluster.connected(), { what: "the old agent to be gone" });
  await sandbox.waitUntil(async () => (await condition(sandbox, cluster.id, "Connected")).status === "False");
  expect(await replicaSets(cluster)).toEqual({ [next]: 1 });
  expect(statistics(cluster).pinMismatches).toBeGreaterThan(0);
});

test("rows 2 and 8: with minReadySeconds the old pod serves on while the new one waits", async () => {
  const { cluster, present, next } = await armed();
  expect(await replicaSets(cluster)).toEqual({ [present]: 1, [next]: 1 });
  expect(statistics(cluster)).toMatchObject({ connected: true, lostCondition: 0, outages: [] });
  expect(await condition(sandbox, cluster.id, "Ready")).toMatchObject({ status: "True" });
});

test("a machine that is slow for the estate's speed does not let a failing agent outlive minReadySeconds", async () => {
  sandbox = await startSandbox({ clusters: 8, speed: 1000 });
  const next = pinFor("another bundle");
  await Promise.all(sandbox.clusters.map((cluster) => setPin(cluster, next, 30)));
  const failedTwice = () => sandbox.clusters.every((cluster) => statistics(cluster).pinMismatches >= 2);
  await sandbox.waitUntil(failedTwice, { what: "every agent to fail twice" });
  for (const cluster of sandbox.clusters) {
    expect(statistics(cluster)).toMatchObject({ connected: true, outages: [] });
  }
});

test("rows 3 and 9: the old pod, deleted, is made again with the present pin and connects", async () => {
  const { cluster, present } = await armed();
  const before = await podWith(cluster, present);
  await cluster.client.delete(PODS, before);
  await sandbox.waitUntil(async () => (await podWith(cluster, present).catch(() => before)) !== before);
  await sandbox.waitUntilConnected();
  expect(statistics(cluster).refused).toBe(0);
});

test("rows 4 and 6: once the next bundle is served it rolls over by itself, without a second visit", async () => {
  const { cluster, both, next } = await armed();
  await serveBundle(sandbox, both);
  await sandbox.waitUntil(async () => JSON.stringify(await replicaSets(cluster)) === JSON.stringify({ [next]: 1 }));
  await sandbox.waitUntilConnected();
  expect(await agentDeployment(cluster)).toMatchObject({ pin: next, minReadySeconds: 30 });
  expect(statistics(cluster)).toMatchObject({ lostCondition: 0, refused: 0 });
});

test("rows 5 and 10: an agent that restarts inside what was the pin window is replaced by the waiting one", async () => {
  const { cluster, both, present, next } = await armed();
  await serveBundle(sandbox, both);
  const old = await podWith(cluster, present);
  const waiting = await podWith(cluster, next);
  await cluster.client.delete(PODS, old);
  await cluster.client.delete(PODS, waiting);
  await sandbox.waitUntilConnected();
  await sandbox.waitUntil(async () => JSON.stringify(await replicaSets(cluster)) === JSON.stringify({ [next]: 1 }));
  expect(sandbox.statistics().refused).toBe(0);
});
