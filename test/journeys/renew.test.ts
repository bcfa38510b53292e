/** A new serving certificate of the authority that agents trust already: only that certificate changes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AgentFacts,
  agents,
  leafOf,
  presentedLeaves,
  secretText,
  setMinReadySeconds,
  trustSecret,
} from "../helpers/estate-facts.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let journey: Journey;
let renewed: { readonly certificate: string; readonly key: string };
let planned: Ended;
let applied: Ended;
let before: { readonly bundle: string; readonly agents: Record<string, AgentFacts> };

beforeAll(async () => {
  // The bundle is one that Farrier would write otherwise: a renewal must not tidy it up.
  journey = await startJourney({ tls: { bundle: "crlf" }, clusters: 3 });
  const { sandbox, folder } = journey;
  await setMinReadySeconds(sandbox.clusters);
  const names = sandbox.clusters.map(({ name }) => name);
  await journey.configure({ waves: { canary: [names[1]] } });
  renewed = await sandbox.pki.today.issue();
  await Promise.all([
    writeFile(join(folder, "tls.crt"), renewed.certificate),
    writeFile(join(folder, "tls.key"), renewed.key),
    writeFile(join(folder, "cacerts.pem"), sandbox.pki.today.bundle),
  ]);
  before = { bundle: await trustSecret(sandbox), agents: await agents(sandbox) };
  planned = await journey.plan("rotation", "-o", "json");
  applied = await journey.farrier("apply", "rotation", "--yes");
});

afterAll(() => journey?.stop());

describe("a renewal", () => {
  it("says that it is one, and why nothing else has to change", () => {
    const { procedure, why, epochs, stages } = json(planned.stdout);
    expect(procedure).toBe("renew");
    expect(why.join(" ")).toMatch(/verif/);
    expect(epochs.map(({ name }: { name: string }) => name)).toEqual(["current"]);
    expect(stages.map(({ kind }: { kind: string }) => kind)).not.toContain("widen");
  });

  it("ends with exit 0, and the new certificate is presented with its key", async () => {
    expect(applied).toMatchObject({ code: 0 });
    expect(await presentedLeaves(journey.sandbox)).toEqual([leafOf(renewed.certificate)]);
    expect(await secretText(journey.sandbox, "tls-rancher-ingress", "tls.key")).toBe(renewed.key);
  });

  it("leaves tls-ca byte for byte", async () => {
    expect(await trustSecret(journey.sandbox)).toBe(before.bundle);
  });

  it("restarts no agent but the canary", async () => {
    const [first = "", canary = "", third = ""] = journey.sandbox.clusters.map(({ name }) => name);
    const after = await agents(journey.sandbox);
    expect(after[first]).toEqual(before.agents[first]);
    expect(after[third]).toEqual(before.agents[third]);
    expect(after[canary]).toMatchObject({ pin: before.agents[canary]?.pin, minReadySeconds: 30 });
    expect(after[canary]?.names).not.toEqual(before.agents[canary]?.names);
  });

  it("cuts nobody off", () => {
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });
});
