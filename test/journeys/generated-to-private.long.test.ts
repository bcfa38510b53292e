/** From the certificate that Rancher's own CA signs to a private CA, and back, with the real helm. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  agents,
  leafOf,
  pinOfServed,
  presentedLeaves,
  secretText,
  servedBundle,
  trustSecret,
} from "../helpers/estate-facts.ts";
import { helmOf } from "../helpers/helm.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";
import { expectWorld, restingWorld, withoutReleases } from "../helpers/world-dump.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

const CERTIFICATES = {
  group: "cert-manager.io",
  version: "v1",
  resource: "certificates",
  namespace: "cattle-system",
};
const ISSUERS = { ...CERTIFICATES, resource: "issuers" };

/** Beside what the chart knows: it must stay, and must never be seen. */
const GIVEN = {
  hostname: "localhost",
  replicas: 1,
  bootstrapPassword: "s3cr3t-value",
  extra: { list: ["a", "b"] },
};

// One version goes forth and the other back: each reads what the other has stored.
describe.skipIf(!areBuilt("helm3", "helm4"))("an estate whose CA Rancher has made itself", () => {
  let journey: Journey;
  let before: Record<string, unknown>;
  let beginning: { readonly bundle: string; readonly chain: string };
  const namesOf = async (kind: typeof ISSUERS) =>
    (await journey.sandbox.management.list(kind)).items.map(({ metadata }) => metadata.name);
  const helm = () => helmOf(journey, "helm3");

  beforeAll(async () => {
    const settings = { helm: pathOf("helm3"), armingMinReadySeconds: 120 };
    journey = await startJourney({ clusters: 2, tls: { source: "rancher" } }, settings);
    await helm().upgrade("--reuse-values", "--set", "bootstrapPassword=s3cr3t-value,extra.list={a,b}");
    const { sandbox } = journey;
    before = withoutReleases(await restingWorld(sandbox));
    beginning = {
      bundle: await servedBundle(sandbox),
      chain: await secretText(sandbox, "tls-rancher-ingress", "tls.crt"),
    };
  });
  afterAll(() => journey?.stop());

  it("has a plan that shows which values change at which step, and no others", async () => {
    const { stdout } = await journey.plan("rotation");
    expect(stdout).toContain("private-ca       privateCA: (default) → true\n");
    expect(stdout).toContain("own-certificate  ingress.tls.source: (default) → secret\n");
    expect(stdout).toContain("chart rancher 2.15.1, which stays\n");
  });

  it("ends with every agent at the private CA, and none was ever cut off", async () => {
    const { code, stderr } = await journey.farrier("apply", "rotation", "--yes");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { sandbox, authority, target } = journey;
    expect(await servedBundle(sandbox)).toBe(authority.bundle.trim());
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    const pins = Object.values(await agents(sandbox)).map(({ pin }) => pin);
    expect(pins).toEqual([pinOfServed(authority.bundle.trim()), pinOfServed(authority.bundle.trim())]);
    expect(sandbox.statistics().refused).toBe(0);
  });

  it("keeps every value that was given, beside those of the plan, and the chart's version (M1.6, M1.7)", async () => {
    expect(await helm().values()).toEqual({ ...GIVEN, privateCA: true, ingress: { tls: { source: "secret" } } });
    expect(await helm().chartVersion()).toBe("rancher-2.15.1");
    expect((await helm().latest()).description).toMatch(/^farrier r-\d{8}-\w+: rancher\/upgrade-release@/);
  });

  it("is left alone by cert-manager, which would have put its certificate back", async () => {
    expect(await namesOf(ISSUERS)).toEqual([]);
    expect(await namesOf(CERTIFICATES)).toEqual([]);
    expect((await journey.farrier("check")).stdout).not.toMatch(/secret\.owned|installation\.certificate-issued/);
  });

  it("is led back to where it began by a rollback", async () => {
    const { code, stderr } = await journey.farrier("rollback", "rotation", "--yes", "--helm", pathOf("helm4"));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { sandbox } = journey;
    expect(await servedBundle(sandbox)).toBe(beginning.bundle);
    expect(await trustSecret(sandbox)).toBe("");
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(beginning.chain)]);
    expect(await helm().values()).toEqual(GIVEN);
    await sandbox.waitUntil(async () => (await namesOf(CERTIFICATES)).length === 1);
    await expectWorld(sandbox, before, withoutReleases);
    expect(sandbox.statistics().refused).toBe(0);
  });

  it("is not written to when that is applied again", async () => {
    const { revision } = await helm().latest();
    expect((await journey.farrier("apply", "rotation", "--yes")).code).toBe(0);
    expect((await helm().latest()).revision).toBe(revision);
  });

  it("has shown nobody what else the release was given", () => {
    expect(journey.said()).not.toContain("s3cr3t-value");
  });
});
