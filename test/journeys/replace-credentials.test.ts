/**
 * A flag day while a tunnel lives of a cluster whose agent has lost its credentials: Rancher brings them back before, or no
 * pod could start after it and nobody could reach the cluster.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { presentInstead } from "../helpers/serving-pair.ts";

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };

describe("a flag day for a cluster that lacks its agent's credentials", () => {
  let journey: Journey;
  let plan: {
    clusters: { name: string; risk?: string }[];
    stages: { id: string; waves: { steps: { id: string }[] }[] }[];
  };
  let applied: Ended;

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, { name: "oslo" }] });
    const { sandbox } = journey;
    await setMinReadySeconds(sandbox.clusters);
    const { client } = sandbox.cluster("oslo");
    for (const { metadata } of (await client.list(SECRETS)).items) {
      if (metadata.name.startsWith("cattle-credentials-")) await client.delete(SECRETS, metadata.name);
    }
    await presentInstead(sandbox, await (await sandbox.pki.newAuthority("Forgotten")).issue());
    plan = json((await journey.plan("rotation", "--replace", "-o", "json")).stdout);
    applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  });
  afterAll(() => journey?.stop());

  it("has Rancher redeploy it first, and arms it then", () => {
    const { id } = journey.sandbox.cluster("oslo");
    const own = plan.stages.flatMap(({ waves }) => waves.flatMap(({ steps }) => steps.map((step) => step.id)));
    expect(own.filter((step) => step.startsWith(`${id}/`))).toEqual([
      `${id}/redeploy-agent@current`,
      `${id}/arm-agent@target`,
      `${id}/roll-agent@target`,
      `${id}/settle-agent`,
    ]);
    expect(plan.clusters.find(({ name }) => name === "oslo")?.risk).toContain("as long as its waiting pod takes");
  });

  it("ends with it connected", async () => {
    expect(applied.code, applied.stdout).toBe(0);
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect((await agents(journey.sandbox)).oslo).toMatchObject({ pin, pods: [pin] });
    await journey.sandbox.waitUntilConnected("oslo");
  });
});
