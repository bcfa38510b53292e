/**
 * Clusters that Rancher's tunnel does not serve, and that have a kubeconfig in `farrier.yaml`: they are armed, rolled and
 * settled over their own API servers, and the rotation ends without a waiver.
 */
import { writeFile } from "node:fs/promises";
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
import { entry, type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

const OWN = ["oslo", "cairo", "lagos", "lima"];

let journey: Journey;
let plan: { clusters: { name: string; method: string; reach: string; why: string; risk?: string }[] };
let applied: Ended;
let armed: Record<string, AgentFacts>;
let pins: { readonly today: string; readonly next: string };

beforeAll(async () => {
  journey = await startJourney({
    clusters: ["paris", ...OWN].map((name) => ({ name })),
    faults: [{ kind: "forbidden", cluster: "oslo" }],
  });
  const { sandbox, folder } = journey;
  await setMinReadySeconds(sandbox.clusters);
  await writeFile(join(folder, "estate.kubeconfig"), sandbox.kubeconfig, { mode: 0o600 });
  const clusters = OWN.map((name) => [name, { kubeconfig: "estate.kubeconfig", context: name }] as const);
  await journey.configure({ waves: { canary: ["paris"] }, clusters: Object.fromEntries(clusters) });
  const today = pinOfServed(await servedBundle(sandbox));
  await sandbox.inject({ kind: "offline", cluster: "cairo" });
  plan = json((await journey.plan("rotation", "-o", "json")).stdout);
  // Between plan and apply, and in the middle of it.
  await sandbox.inject({ kind: "offline", cluster: "lagos" });
  const run = journey.start("apply", "rotation", "--yes", "-o", "json");
  await run.line(entry("step-done", `${sandbox.cluster("lima").id}/arm-agent@both`));
  await sandbox.inject({ kind: "offline", cluster: "lima" });
  await run.line(entry("gate-passed", "widen"));
  armed = await agents(sandbox);
  await run.line(entry("stage-entered", "spread@both"));
  pins = { today, next: pinOfServed(await servedBundle(sandbox)) };
  // An agent cannot start while it cannot reach Rancher; what was shown until here was shown without any tunnel.
  for (const cluster of ["cairo", "lagos", "lima"]) await sandbox.inject({ kind: "offline", cluster, seconds: 0.01 });
  applied = await run.ended;
});

afterAll(() => journey?.stop());

const notes = (): string[] =>
  jsonLines(applied.stdout).flatMap(({ type, data }) => (type === "noted" ? [data.text] : []));

describe("the plan says over which way each agent is patched, and why", () => {
  it.each([
    ["a cluster whose tunnel works", "paris", "rancher", /^Its agent can be patched through Rancher\.$/],
    [
      "one that has a kubeconfig besides",
      "lagos",
      "rancher",
      /Should its tunnel end, its kubeconfig estate\.kubeconfig, context lagos stands in/,
    ],
    [
      "one whose agent the token may not patch",
      "oslo",
      "direct",
      /over its kubeconfig .*context oslo: this account may not patch the agent through Rancher/,
    ],
    [
      "one whose tunnel does not answer",
      "cairo",
      "direct",
      /over its kubeconfig .*context cairo: the tunnel does not answer \(Cluster c-.* answered 500/,
    ],
  ])("%s", (_, name, reach, why) => {
    const planned = plan.clusters.find((cluster) => cluster.name === name);
    expect(planned).toMatchObject({ method: "patch", reach });
    expect(planned?.why).toMatch(why);
    expect(planned).not.toHaveProperty("risk");
  });
});

describe("the rotation", () => {
  it("ends without a waiver", () => {
    expect(applied.code, applied.stdout).toBe(0);
    expect(jsonLines(applied.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
  });

  it("had every agent armed before the bundle was widened, with and without a tunnel", () => {
    for (const name of ["paris", ...OWN]) {
      expect(armed[name]?.pin, name).toBe(pins.next);
      expect(armed[name]?.pods, name).toContain(pins.today);
    }
  });

  it("leaves every agent with the target's pin, connected, and its Deployment as it was", async () => {
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect(await trustSecret(journey.sandbox)).toBe(journey.authority.bundle);
    for (const [name, facts] of Object.entries(await agents(journey.sandbox))) {
      expect(facts, name).toMatchObject({ pin, pods: [pin], minReadySeconds: 30 });
      expect(journey.sandbox.cluster(name).connected(), name).toBe(true);
    }
  });

  it("met no agent that refused a certificate", () => {
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("says that a tunnel ended after the plan was made, and what stands in for it", () => {
    const id = journey.sandbox.cluster("lagos").id;
    const said = notes().filter((text) => text.startsWith(`Cluster lagos (${id})`));
    expect(said[0]).toMatch(
      /is reached over its kubeconfig estate\.kubeconfig, context lagos now: Cluster c-.* answered 500/,
    );
    expect(notes().filter((text) => text.startsWith("Cluster lima"))[0]).toMatch(/context lima now/);
  });

  it("says nothing of clusters that are reached as planned", () => {
    expect(notes().filter((text) => /^Cluster (paris|oslo)/.test(text))).toEqual([]);
  });
});

it("a proof afterwards shows every cluster as started", async () => {
  const proved = await journey.farrier("prove", "rotation", "-o", "json");
  expect(proved.code, proved.stdout).toBe(0);
});
