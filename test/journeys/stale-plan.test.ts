/** A plan is applied only to the estate that it was made from, as it was then: otherwise the difference is shown. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { pinOfServed, servedBundle, versions } from "../helpers/estate-facts.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";

const CLUSTERS = { group: "management.cattle.io", version: "v3", resource: "clusters" };
const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };

let journey: Journey;
let other: Sandbox;

beforeAll(async () => {
  [journey, other] = await Promise.all([startJourney({ clusters: 1 }), startSandbox({ clusters: 0, speed: 200 })]);
  await writeFile(join(journey.folder, "other-kubeconfig"), other.managementKubeconfig);
  await writeFile(join(journey.folder, "other-token"), other.token);
  await journey.plan("rotation");
});

afterAll(async () => {
  await Promise.all([journey?.stop(), other?.stop()]);
});

/** Refused with exit 5, having written nothing: what was said. */
async function refusal(...flags: readonly string[]): Promise<string> {
  const before = await versions(journey.sandbox);
  const refused = await journey.farrier("apply", "rotation", "--yes", ...flags);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("plan.stale");
  expect(await versions(journey.sandbox)).toEqual(before);
  return refused.stderr;
}

describe("a plan that no longer fits", () => {
  it("is refused for another estate, which is named", async () => {
    const said = await refusal("--kubeconfig", "other-kubeconfig", "--token-file", "other-token");
    expect(said).toContain(journey.sandbox.serverUrl);
    expect(said).toContain(other.serverUrl);
  });

  it("is refused when a cluster was imported meanwhile, which is named", async () => {
    const { management } = journey.sandbox;
    const spec = { displayName: "newcomer", internal: false };
    const { apiVersion, kind } = { apiVersion: "management.cattle.io/v3", kind: "Cluster" };
    await management.create(CLUSTERS, { apiVersion, kind, metadata: { name: "c-newer" }, spec });
    expect(await refusal()).toMatch(/cluster c-newer: planned not there, found newcomer/);
    await management.delete(CLUSTERS, "c-newer");
  });

  it("is refused when the bundle was changed meanwhile, with both pins", async () => {
    const { sandbox, authority } = journey;
    const before = pinOfServed(await servedBundle(sandbox));
    const both = `${sandbox.pki.today.bundle}${authority.bundle}`;
    const data = { "cacerts.pem": Buffer.from(both).toString("base64") };
    await sandbox.management.patch(SECRETS, "tls-ca", { type: "merge", body: { data } });
    await sandbox.restartRancher();
    await sandbox.waitUntil(
      async () => (await servedBundle(sandbox).catch(() => "")).includes(authority.rootPem.trim()),
      {
        what: "Rancher to serve the other bundle",
      },
    );
    await sandbox.waitUntilConnected();
    await waitUntilRancherRests(sandbox);
    const said = await refusal();
    expect(said).toContain(before);
    expect(said).toContain(pinOfServed(both.trim()));
  });
});
