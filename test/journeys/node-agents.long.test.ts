/** Node agents (Rancher ≤ 2.11, RKE1): armed with their cluster, restarted node by node, and put back. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/sandbox/cluster-client.ts";
import { pinOfServed, servedBundle } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
const SETS = { group: "apps", version: "v1", resource: "daemonsets", namespace: "cattle-system" };
const NODES = ["node-1", "node-2", "node-3"];
const AS_RANCHER_HAS_IT = { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" } };

let journey: Journey;
const quito = () => journey.sandbox.cluster("quito");

/** @param gateWaitSeconds 0 where somebody must mend what holds */
async function start(gateWaitSeconds = 120): Promise<void> {
  journey = await startJourney({
    rancher: { version: "2.11.5" },
    clusters: [{ name: "paris" }, { name: "quito", nodeAgent: true, nodes: NODES.length }],
  });
  await journey.configure({ waves: { canary: ["paris"] }, gateWaitSeconds });
}

interface NodePod {
  readonly node: string;
  readonly pin: string;
  readonly ready: boolean;
}

const nodePodOf = (object: KubeObject): NodePod[] => {
  const { spec = {}, status = {} } = Object(object);
  const [container] = spec.containers;
  if (container.name !== "agent") return [];
  const pin = container.env.find(({ name }: { name: string }) => name === "CATTLE_CA_CHECKSUM").value;
  const conditions: { type: string; status: string }[] = status.conditions ?? [];
  const ready = conditions.some((one) => one.type === "Ready" && one.status === "True");
  return [{ node: spec.nodeName, pin, ready: ready && object.metadata.deletionTimestamp === undefined }];
};

async function nodePods(): Promise<NodePod[]> {
  const { items } = await quito().client.list(PODS);
  return items.flatMap(nodePodOf).toSorted((a, b) => (a.node < b.node ? -1 : 1));
}

async function daemonSet() {
  const { spec } = Object(await quito().client.get(SETS, "cattle-node-agent"));
  const [container] = spec.template.spec.containers;
  const pin = container.env.find(({ name }: { name: string }) => name === "CATTLE_CA_CHECKSUM").value;
  return { pin, updateStrategy: spec.updateStrategy, minReadySeconds: spec.minReadySeconds ?? 0 };
}

/** How many nodes had no Ready node agent, at the worst moment until it is stopped. */
function watchNodes(): { worst(): number; stop(): void } {
  const pods = new Map<string, NodePod>();
  let worst = 0;
  const watch = quito().client.watch(PODS, ({ type, object }) => {
    const { name } = object.metadata;
    const [pod] = type === "DELETED" ? [] : nodePodOf(object);
    const seen = pods.size >= NODES.length;
    if (pod === undefined) pods.delete(name);
    else pods.set(name, pod);
    const served = new Set([...pods.values()].flatMap(({ ready, node }) => (ready ? [node] : [])));
    if (seen) worst = Math.max(worst, NODES.length - served.size);
  });
  return { worst: () => worst, stop: () => watch.close() };
}

describe("a cluster with node agents", () => {
  let steps: string[];
  let applied: Ended;
  let worst: number;

  beforeAll(async () => {
    await start();
    const plan = json((await journey.plan("rotation", "-o", "json")).stdout);
    steps = plan.stages.flatMap((stage: { waves: { steps: { id: string }[] }[] }) =>
      stage.waves.flatMap((wave) => wave.steps.map((step) => step.id)),
    );
    const nodes = watchNodes();
    const killed = journey.start("apply", "rotation", "--yes", "-o", "json");
    const begun = async () => new Set((await nodePods()).map(({ pin }) => pin)).size > 1;
    await journey.sandbox.waitUntil(begun, { what: "the first node's turn", seconds: 100 });
    killed.process.kill("SIGKILL");
    await killed.ended;
    applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
    worst = nodes.worst();
    nodes.stop();
  }, 300_000);
  afterAll(() => journey?.stop());

  it("is planned to have them armed, restarted and put back with its own agent", () => {
    const id = quito().id;
    expect(steps.filter((step) => step.includes("node-agents"))).toEqual([
      `${id}/arm-node-agents@both`,
      `${id}/roll-node-agents@both`,
      `${id}/arm-node-agents@target`,
      `${id}/roll-node-agents@target`,
      `${id}/settle-node-agents`,
    ]);
  });

  it("is rotated, with every node's agent, although Farrier was killed in between (M1.11)", async () => {
    expect(applied.code, applied.stdout + applied.stderr).toBe(0);
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect(await nodePods()).toEqual(NODES.map((node) => ({ node, pin, ready: true })));
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("never has more than one node without an agent", () => {
    expect(worst).toBe(1);
  });

  it("has its DaemonSet updated as before, and the journal knows how that was", async () => {
    expect(await daemonSet()).toMatchObject({ updateStrategy: AS_RANCHER_HAS_IT, minReadySeconds: 0 });
    const entries = jsonLines(await readFile(join(journey.folder, "rotation/journal.jsonl"), "utf8"));
    const begun = entries.find(({ step, type }) => type === "step-started" && /arm-node-agents@both/.test(step));
    expect(begun?.data.before.sets).toMatchObject([{ name: "cattle-node-agent", updateStrategy: AS_RANCHER_HAS_IT }]);
  });

  it("shows what its node agents trust", async () => {
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    const { clusters } = json((await journey.farrier("observe", "-o", "json")).stdout);
    const { consumers } = clusters.find(({ name }: { name: string }) => name === "quito");
    const { movable, evidence } = consumers.find(({ kind }: { kind: string }) => kind === "node-agent");
    expect(movable).toBe(true);
    expect(evidence).toMatchObject([
      { kind: "declared", pin },
      { kind: "started", pin },
    ]);
  });
});

describe("a node whose agent does not come back", () => {
  let held: Ended;
  let before: Record<string, unknown>;
  const outcome = () => jsonLines(held.stdout).at(-1)?.outcome;

  beforeAll(async () => {
    await start(0);
    before = await restingWorld(journey.sandbox);
    await journey.sandbox.inject({ kind: "node-broken", cluster: "quito", node: "node-2", mended: false });
    await journey.plan("rotation");
    held = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  }, 300_000);
  afterAll(() => journey?.stop());

  it("holds the gate before the switch, and is named", () => {
    expect(held.code, held.stdout + held.stderr).toBe(4);
    expect(outcome()).toMatchObject({ kind: "held", stage: "switch" });
    const [hold] = outcome().holds;
    expect(outcome().holds).toHaveLength(1);
    expect(hold.target).toBe(`${quito().id}/node-agent`);
    expect(hold.why).toMatch(/quito.*on node node-2 /);
    expect(hold.hint).toMatch(/on that node/);
  });

  it("leaves the nodes that come after it as they are", async () => {
    const [first, second, third] = await nodePods();
    const { pin } = await daemonSet();
    expect(first).toMatchObject({ pin, ready: true });
    expect(second).toMatchObject({ pin, ready: false });
    expect(third?.pin).not.toBe(pin);
    expect(third?.ready).toBe(true);
  });

  it("is no hindrance once it is mended: the rotation goes on from there", async () => {
    await journey.sandbox.inject({ kind: "node-broken", cluster: "quito", node: "node-2", mended: true });
    await journey.configure({ waves: { canary: ["paris"] } });
    const applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
    expect(applied.code, applied.stdout + applied.stderr).toBe(0);
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect(await nodePods()).toEqual(NODES.map((node) => ({ node, pin, ready: true })));
  }, 300_000);

  it("is as it was after a rollback, with its DaemonSet", async () => {
    const back = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
    expect(back.code, back.stdout + back.stderr).toBe(0);
    await expectWorld(journey.sandbox, before);
    expect(await daemonSet()).toMatchObject({ updateStrategy: AS_RANCHER_HAS_IT, minReadySeconds: 0 });
    expect((await nodePods()).every(({ ready }) => ready)).toBe(true);
  }, 300_000);
});

describe("a DaemonSet that vanishes while its nodes are rolled", () => {
  let held: Ended;

  beforeAll(async () => {
    await start(0);
    await journey.plan("rotation");
    const run = journey.start("apply", "rotation", "--yes", "-o", "json");
    const begun = async () => new Set((await nodePods()).map(({ pin }) => pin)).size > 1;
    await journey.sandbox.waitUntil(begun, { what: "the first node's turn", seconds: 100 });
    await quito().client.delete(SETS, "cattle-node-agent");
    held = await run.ended;
  }, 300_000);
  afterAll(() => journey?.stop());

  it("is not taken for done: the gate before the switch is held, and names it", () => {
    expect(held.code, held.stdout + held.stderr).toBe(4);
    const { outcome } = jsonLines(held.stdout).at(-1);
    expect(outcome).toMatchObject({ kind: "held", stage: "switch" });
    expect(outcome.holds).toMatchObject([
      {
        target: `${quito().id}/node-agent`,
        why: expect.stringMatching(/The node agents of quito .*: DaemonSet cattle-node-agent is gone\./),
      },
    ]);
  });
});

describe("node agents that the account may not patch", () => {
  let plan: {
    clusters: { name: string; method: string; why: string }[];
    findings: { code: string; sentence: string; target: string }[];
    stages: { waves: { steps: { id: string }[] }[] }[];
  };
  let applied: Ended;

  beforeAll(async () => {
    await start();
    const all = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
    const look = ["get", "list", "watch", "delete"];
    const owner = quito().kubeconfigAs([
      { ...all, apiGroups: [""] },
      { ...all, apiGroups: ["apps"], resources: ["deployments"] },
      { ...all, apiGroups: ["apps"], resources: ["*"], verbs: look },
      { ...all, apiGroups: ["upgrade.cattle.io", "authorization.k8s.io"] },
    ]);
    await writeFile(join(journey.folder, "quito.yaml"), owner, { mode: 0o600 });
    await journey.sandbox.inject({ kind: "forbidden", cluster: "quito" });
    const waves = { canary: ["paris"] };
    await journey.configure({ waves, clusters: { quito: { kubeconfig: "quito.yaml" } } });
    plan = json((await journey.plan("first", "-o", "json")).stdout);
    const accepted = { kubeconfig: "quito.yaml", method: "redeploy", acceptUnarmed: true };
    await journey.configure({ waves, clusters: { quito: accepted } });
    await journey.plan("rotation");
    applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  }, 300_000);
  afterAll(() => journey?.stop());

  it("are found before anything changes, and Rancher is to redeploy them", () => {
    const found = plan.findings.filter(({ code }) => code === "permission.missing-in-cluster");
    expect(found).toContainEqual(
      expect.objectContaining({
        target: `cluster ${quito().id} (quito)`,
        sentence: expect.stringContaining("patch daemonsets.apps cattle-system"),
      }),
    );
    const line = plan.clusters.find(({ name }) => name === "quito");
    expect(line).toMatchObject({ method: "redeploy" });
    expect(line?.why).toContain("may not patch the node agents' DaemonSets");
    const steps = plan.stages.flatMap(({ waves }) => waves.flatMap((wave) => wave.steps.map(({ id }) => id)));
    expect(steps.filter((id) => id.includes("arm-node-agents"))).toEqual([]);
    expect(steps).toContain(`${quito().id}/roll-node-agents@both`);
  });

  it("are moved by Rancher's redeploy, on every node", async () => {
    expect(applied.code, applied.stdout + applied.stderr).toBe(0);
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect(await nodePods()).toEqual(NODES.map((node) => ({ node, pin, ready: true })));
    expect(await daemonSet()).toMatchObject({ pin, updateStrategy: AS_RANCHER_HAS_IT, minReadySeconds: 0 });
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });
});
