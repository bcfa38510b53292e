/** What may go wrong in a cluster on the way: nothing is lost, the cluster is named, and it goes on once that is mended. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { endingAfter } from "../helpers/ending-after.ts";
import { agents, pinOfServed, servedBundle, setMinReadySeconds, trustSecret } from "../helpers/estate-facts.ts";
import { entry, type Journey, jsonLines, startJourney } from "../helpers/journey.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import type { Ended } from "../helpers/run-farrier.ts";

const NODES = { group: "", version: "v1", resource: "nodes" };
const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };

interface Held {
  readonly kind: string;
  readonly stage: string;
  readonly holds: { target: string; why: string; hint: string }[];
}
const outcomeOf = ({ stdout }: Ended): Held => jsonLines(stdout).at(-1)?.outcome;

async function expectFinished(journey: Journey, applied: Ended): Promise<void> {
  expect(applied.code, applied.stdout + applied.stderr).toBe(0);
  const pin = pinOfServed(await servedBundle(journey.sandbox));
  for (const [name, facts] of Object.entries(await agents(journey.sandbox))) {
    expect(facts, name).toMatchObject({ pin, pods: [pin] });
    expect(journey.sandbox.cluster(name).connected(), name).toBe(true);
  }
  expect(journey.sandbox.statistics().refusals).toEqual([]);
}

describe("a node whose disk is full once its cluster is armed", () => {
  let journey: Journey;
  let held: Ended;
  let bundle: string;

  const lagos = () => journey.sandbox.cluster("lagos");
  /** As the kubelet and the node lifecycle controller do: the node takes no pods, and those on it are evicted. */
  const fillDisk = async (): Promise<void> => {
    await setTaints([{ key: "node.kubernetes.io/disk-pressure", effect: "NoSchedule" }]);
    const { items } = await lagos().client.list(PODS, { labelSelector: "app=cattle-cluster-agent" });
    for (const { metadata } of items) await lagos().client.delete(PODS, metadata.name);
  };
  const setTaints = async (taints: readonly object[]): Promise<void> => {
    for (const { metadata } of (await lagos().client.list(NODES)).items) {
      await lagos().client.patch(NODES, metadata.name, { type: "merge", body: { spec: { taints } } });
    }
  };

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, { name: "lagos" }] });
    await setMinReadySeconds(journey.sandbox.clusters);
    await writeFile(join(journey.folder, "lagos.yaml"), lagos().kubeconfig, { mode: 0o600 });
    const clusters = { lagos: { kubeconfig: "lagos.yaml" } };
    await journey.configure({ waves: { canary: ["lagos"] }, gateWaitSeconds: 0, clusters });
    bundle = await trustSecret(journey.sandbox);
    await journey.plan("rotation");
    const run = journey.start("apply", "rotation", "--yes", "-o", "json");
    await run.line(entry("step-done", `${lagos().id}/arm-agent@both`));
    run.process.kill("SIGSTOP");
    await fillDisk();
    await journey.sandbox.waitUntil(() => !lagos().connected(), { what: "lagos to be gone" });
    run.process.kill("SIGCONT");
    held = await run.ended;
  });
  afterAll(() => journey?.stop());

  it("holds the gate before anything is widened, and is named", async () => {
    expect(held.code, held.stdout + held.stderr).toBe(4);
    expect(outcomeOf(held)).toMatchObject({ kind: "held", stage: "widen" });
    expect(outcomeOf(held).holds).toMatchObject([
      {
        target: `${lagos().id}/cluster-agent`,
        why: expect.stringMatching(/^The agent of lagos \(.*\): 0 of 1 pods with the present pin are Ready/),
      },
    ]);
    expect(await trustSecret(journey.sandbox)).toBe(bundle);
  });

  it("goes on to its end once there is room again", async () => {
    await setTaints([]);
    await journey.sandbox.waitUntilConnected("lagos");
    await journey.configure({ waves: { canary: ["lagos"] }, clusters: { lagos: { kubeconfig: "lagos.yaml" } } });
    await expectFinished(journey, await journey.farrier("apply", "rotation", "--yes", "-o", "json"));
  });
});

describe("a kubeconfig that expires between plan and apply, the tunnel being dead", () => {
  let journey: Journey;
  let applied: Ended;
  const lagos = () => journey.sandbox.cluster("lagos");
  const kubeconfig = (text: string) => writeFile(join(journey.folder, "lagos.yaml"), text, { mode: 0o600 });

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, { name: "lagos", authorizedEndpoint: true }] });
    await setMinReadySeconds(journey.sandbox.clusters);
    await kubeconfig(lagos().kubeconfig);
    const clusters = { lagos: { kubeconfig: "lagos.yaml" } };
    await journey.configure({ waves: { canary: ["paris"] }, clusters });
    await journey.plan("rotation");
    await journey.sandbox.inject({ kind: "offline", cluster: "lagos" });
    await kubeconfig(lagos().kubeconfig.replace(/token: \S+/, "token: of-last-year"));
    const run = journey.start("apply", "rotation", "--yes", "-o", "json");
    await run.line(entry("stage-entered", "spread@both"));
    // An agent cannot start while it cannot reach Rancher.
    await journey.sandbox.inject({ kind: "offline", cluster: "lagos", seconds: 0.01 });
    applied = await run.ended;
  });
  afterAll(() => journey?.stop());

  it("is passed over: the next way is taken, and said", async () => {
    const notes = jsonLines(applied.stdout).flatMap(({ type, data }) => (type === "noted" ? [data.text] : []));
    expect(notes).toContainEqual(
      expect.stringMatching(/^Cluster lagos \(c-.*\) is reached over its authorized cluster endpoint now: /),
    );
    expect(notes).not.toContainEqual(expect.stringContaining("over its kubeconfig"));
    await expectFinished(journey, applied);
  });
});

describe("credentials of an agent that are lost just before it is armed", () => {
  const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
  let lab: RotationLab;
  afterAll(() => lab?.stop());

  it("are brought back by Rancher's redeploy, and the agent is armed after that", async () => {
    lab = await startRotationLab({ clusters: [{ name: "paris" }, { name: "lagos" }] });
    const { client, id, name } = lab.sandbox.cluster("lagos");
    const { items } = await client.list(SECRETS);
    const secret =
      items.map(({ metadata }) => metadata.name).find((one) => one.startsWith("cattle-credentials-")) ?? "";
    const paris = lab.sandbox.cluster("paris");
    await lab.prepare({ canary: [paris.id] });
    const added: (string | undefined)[] = [];
    const afterFlush = (entry: JournalEntry): void => {
      if (entry.type === "stage-entered" && entry.data.stage === "arm@both") void client.delete(SECRETS, secret);
      if (entry.type === "step-added") added.push(entry.step);
    };
    // Only the arming of lagos is waited for in vain.
    const done = ({ type, step }: JournalEntry) => type === "step-done" && step === `${paris.id}/arm-agent@both`;
    await lab.apply(endingAfter(done, { afterFlush }));
    await lab.apply({ patience: 0.03, ...endingAfter(({ type }) => type === "step-failed", { afterFlush }) });
    const outcome = await lab.apply({ observers: [{ afterFlush }] });
    expect(outcome).toEqual({ kind: "finished", worldChanged: true });
    expect(added).toEqual([`${id}/redeploy-agent@current`, `${id}/arm-agent@both`]);
    expect(await client.get(SECRETS, secret)).toBeDefined();
    const pin = pinOfServed(await servedBundle(lab.sandbox));
    expect((await agents(lab.sandbox))[name]).toMatchObject({ pin, pods: [pin] });
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  });
});
