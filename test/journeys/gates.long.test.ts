/** What holds a rotation, each by its name and with what to do about it; and that waived clusters are left behind. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AgentFacts,
  agents,
  pinOfServed,
  servedBundle,
  setMinReadySeconds,
  trustSecret,
} from "../helpers/estate-facts.ts";
import { type Journey, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

interface Hold {
  readonly target: string;
  readonly why: string;
  readonly hint: string;
}

const NODE_AGENTS = { group: "apps", version: "v1", resource: "daemonsets", namespace: "cattle-system" };
const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };

/** Its image is gone before the rotation begins: the node has no agent that could be moved. */
async function spoilNodeAgent(): Promise<void> {
  const { client } = journey.sandbox.cluster("quito");
  const body = { spec: { template: { spec: { containers: [{ name: "agent", image: "missing:v1" }] } } } };
  await client.patch(NODE_AGENTS, "cattle-node-agent", { type: "strategic", body });
  const isGone = async (): Promise<boolean> =>
    /"(ErrImagePull|ImagePullBackOff)"/.test(JSON.stringify(await client.list(PODS)));
  await journey.sandbox.waitUntil(isGone, { what: "the node agent of quito to be gone" });
}

let journey: Journey;
let held: Ended;
let holds: readonly Hold[];
let before: { readonly bundle: string; readonly agents: Record<string, AgentFacts> };

beforeAll(async () => {
  // The last version whose RKE1 clusters have node agents that pin the bundle.
  journey = await startJourney({
    rancher: { version: "2.11.5" },
    clusters: [
      { name: "paris" },
      { name: "lagos" },
      { name: "oslo" },
      { name: "lima" },
      { name: "cairo" },
      { name: "quito", driver: "rke2", fleet: true, nodeAgent: true, windows: true },
    ],
    faults: [
      { kind: "offline", cluster: "lagos" },
      { kind: "forbidden", cluster: "oslo" },
      { kind: "image-missing", cluster: "lima" },
      { kind: "node-full", cluster: "cairo" },
    ],
  });
  await journey.configure({ waves: { canary: ["paris"], failureBudget: 2 }, gateWaitSeconds: 0 });
  await setMinReadySeconds([journey.sandbox.cluster("oslo")]);
  await spoilNodeAgent();
  before = { bundle: await trustSecret(journey.sandbox), agents: await agents(journey.sandbox) };
  await journey.plan("rotation");
  held = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  holds = jsonLines(held.stdout).at(-1)?.outcome.holds;
});

afterAll(() => journey?.stop());

const id = (name: string): string => journey.sandbox.cluster(name).id;

describe("the gate before the bundle is widened", () => {
  it("holds with exit 4, and says so as its result", () => {
    expect(held.code).toBe(4);
    expect(jsonLines(held.stdout).at(-1)).toMatchObject({ type: "result", outcome: { kind: "held", stage: "widen" } });
  });

  it.each([
    ["a cluster that is offline", "lagos", "cluster-agent", /does not answer/, /Bring the cluster back/],
    ["a cluster whose agent may not be patched", "oslo", "cluster-agent", /next pin/, /Allow .*acceptUnarmed/],
    [
      "an image that cannot be pulled any more",
      "lima",
      "cluster-agent",
      /ErrImagePull|ImagePullBackOff/,
      /image available/,
    ],
    ["a node without room for a pod", "cairo", "cluster-agent", /Unschedulable/, /Make room/],
    ["a node agent of RKE1 that is not well", "quito", "node-agent", /is not Ready/, /that pod.*farrier waive/],
    ["the system-agents of RKE2", "quito", "system-agent", /cannot move/, /by hand.*farrier waive/],
    ["the system-agents on Windows", "quito", "system-agent/windows", /cannot move/, /by hand.*farrier waive/],
    ["the Fleet agent", "quito", "fleet-agent", /cannot move/, /by hand.*farrier waive/],
  ])("names %s, and what to do about it", (_, cluster, consumer, why, hint) => {
    const found = holds.find(({ target }) => target === `${id(cluster)}/${consumer}`);
    expect(found?.why).toContain(`${cluster} (${id(cluster)})`);
    expect(found?.why).toMatch(why);
    expect(found?.hint).toMatch(hint);
  });

  it("is held by these and by nothing else", () => {
    expect(holds).toHaveLength(8);
    expect(holds.filter(({ target }) => target.startsWith(id("paris")))).toEqual([]);
  });

  it("held before anything was widened, and clusters that cannot be armed are as they were", async () => {
    expect(await trustSecret(journey.sandbox)).toBe(before.bundle);
    const now = await agents(journey.sandbox);
    for (const name of ["lagos", "oslo", "lima", "cairo"]) {
      expect(now[name], name).toEqual(before.agents[name]);
    }
    expect(now.paris?.pin).not.toBe(before.agents.paris?.pin);
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("is shown by status", async () => {
    const { code, stdout } = await journey.farrier("status", "rotation", "-o", "json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ phase: "held", held: { stage: "widen", holds } });
  });
});

describe("clusters waived by name, by id and by a pasted URL", () => {
  let applied: Ended;

  beforeAll(async () => {
    const person = ["--by", "Ana", "--reason", "moved by hand next week", "--until", "2099-01-31"];
    const waived = [
      "lagos",
      id("oslo"),
      `${journey.sandbox.serverUrl}/dashboard/c/${id("quito")}/explorer#cluster-events`,
      "lima",
      "cairo",
    ];
    const answers = await Promise.all(waived.map((name) => journey.farrier("waive", "rotation", name, ...person)));
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    // Nothing holds any more but what passes by itself.
    await journey.configure({ waves: { canary: ["paris"], failureBudget: 2 } });
    applied = await journey.farrier("apply", "rotation", "-o", "json");
  });

  it("let the rotation pass to its end, and every gate says whom it let pass", () => {
    expect(applied.code).toBe(0);
    const lines = jsonLines(applied.stdout);
    expect(lines.at(-1)).toMatchObject({ outcome: { kind: "finished" } });
    const passed = lines.filter(({ type, data }) => type === "gate-passed" && data.stage === "widen");
    expect(passed[0].data.waived.toSorted()).toEqual(
      ["lagos", "oslo", "lima", "cairo", "quito"].map((name) => id(name)).sort(),
    );
  });

  it("are not waited for where they failed before: the journal says what was left out", () => {
    const left = jsonLines(applied.stdout).flatMap(({ type, data }) => (type === "noted" ? [data.text] : []));
    for (const name of ["lima", "cairo"]) expect(left.join("\n")).toContain(`${id(name)}/roll-agent@both`);
  });

  it("move those that were not waived, and cut off nobody else", async () => {
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect((await agents(journey.sandbox)).paris).toMatchObject({ pin, pods: [pin], minReadySeconds: 0 });
    expect(journey.sandbox.statistics().refusals.filter(({ cluster }) => cluster === id("paris"))).toEqual([]);
  });

  it("are in the journal with who accepted it, why and until when", async () => {
    const journal = jsonLines(await readFile(join(journey.folder, "rotation/journal.jsonl"), "utf8"));
    const waivers = journal.filter(({ type }) => type === "waived").map(({ data }) => data);
    expect(waivers).toHaveLength(5);
    for (const waiver of waivers) {
      expect(waiver).toMatchObject({
        by: "Ana",
        reason: "moved by hand next week",
        until: expect.stringMatching(/^2099-01-31T23:59:59/),
      });
    }
  });
});
