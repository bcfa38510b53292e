/** Clusters in which the API token may see nothing, and of which a kubeconfig is given: they are rotated past Rancher. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../../src/sandbox/scenario/faults.ts";
import { agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";

async function startWith(kind: Extract<Fault["kind"], "hidden" | "no-rights">): Promise<Journey> {
  const journey = await startJourney({
    clusters: [{ name: "paris" }, { name: "lagos" }],
    faults: [{ kind, cluster: "lagos" }],
  });
  const { sandbox, folder } = journey;
  await setMinReadySeconds(sandbox.clusters);
  await writeFile(join(folder, "lagos.yaml"), sandbox.cluster("lagos").kubeconfig, { mode: 0o600 });
  return journey;
}

async function planOverKubeconfig(journey: Journey): Promise<void> {
  await journey.configure({ clusters: { lagos: { kubeconfig: "lagos.yaml" } } });
  const plan = json((await journey.plan("rotation", "-o", "json")).stdout);
  const lagos = plan.clusters.find(({ name }: { name: string }) => name === "lagos");
  expect(lagos).toMatchObject({ method: "patch", reach: "direct" });
}

async function expectMoved({ sandbox }: Journey): Promise<void> {
  const pin = pinOfServed(await servedBundle(sandbox));
  expect((await agents(sandbox)).lagos).toMatchObject({ pin, pods: [pin] });
  expect(sandbox.cluster("lagos").connected()).toBe(true);
  expect(sandbox.statistics().refused).toBe(0);
}

describe("a cluster in which the API token has no rights", () => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await startWith("no-rights");
  });
  afterAll(() => journey?.stop());

  it("is dealt with over its kubeconfig, and holds no gate: a refusal of its own shows that its session lives", async () => {
    await planOverKubeconfig(journey);
    const { code, stdout } = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
    expect(code, stdout).toBe(0);
    await expectMoved(journey);
  });

  it("is led back as well", async () => {
    const { code, stdout } = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
    expect(code, stdout).toBe(0);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
    await expectMoved(journey);
  });
});

describe("a cluster that the API token does not see", () => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await startWith("hidden");
  });
  afterAll(() => journey?.stop());

  it("forbids a rotation where no other way is given", async () => {
    const { code, stdout } = await journey.farrier("check");
    expect({ code, stdout }).toMatchObject({ code: 3, stdout: expect.stringContaining("[token.blind]") });
  });

  it("holds the gate after the switch, however it is reached: Rancher itself refuses, and shows no session", async () => {
    await planOverKubeconfig(journey);
    expect((await journey.farrier("check")).stdout).toContain("[token.sees-no-session]");
    const { code, stdout } = await journey.farrier("apply", "rotation", "--yes", "--gate-wait", "15", "-o", "json");
    expect(code, stdout).toBe(4);
    const { outcome } = jsonLines(stdout).at(-1);
    expect(outcome).toMatchObject({ kind: "held", stage: "arm@target" });
    expect(JSON.stringify(outcome)).toContain("has connected since the certificate was changed could not be seen");
    await expectMoved(journey);
  });
});
