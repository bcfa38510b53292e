/** From a certificate that cert-manager has from Let's Encrypt to a private CA, and back, with the real helm. */
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
import { entry, type Journey, startJourney } from "../helpers/journey.ts";
import { withPublicFiles } from "../helpers/public-files.ts";
import { expectWorld, restingWorld, withoutReleases } from "../helpers/world-dump.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

const CERTIFICATES = {
  group: "cert-manager.io",
  version: "v1",
  resource: "certificates",
  namespace: "cattle-system",
};
const ISSUERS = { ...CERTIFICATES, resource: "issuers" };

const GIVEN = {
  hostname: "localhost",
  replicas: 1,
  ingress: { tls: { source: "letsEncrypt" } },
  letsEncrypt: { email: "ops@example.test" },
};

describe.skipIf(!areBuilt("helm3", "helm4"))("an estate with a certificate of Let's Encrypt", () => {
  let journey: Journey;
  let before: Record<string, unknown>;
  let chain: string;
  const namesOf = async (kind: typeof ISSUERS) =>
    (await journey.sandbox.management.list(kind)).items.map(({ metadata }) => metadata.name);
  const restartAgents = () =>
    Promise.all(journey.sandbox.clusters.map(({ name }) => journey.sandbox.restartAgent(name)));
  const helm = () => helmOf(journey, "helm3");

  beforeAll(async () => {
    const settings = { helm: pathOf("helm3"), armingMinReadySeconds: 120, publicRoots: "roots.pem" };
    const tls = { source: "letsEncrypt", mode: "system-store" } as const;
    journey = await startJourney({ clusters: 2, tls }, settings);
    await withPublicFiles(journey);
    const { sandbox } = journey;
    await sandbox.waitUntil(async () => (await namesOf(CERTIFICATES)).length === 1);
    before = withoutReleases(await restingWorld(sandbox));
    chain = await secretText(sandbox, "tls-rancher-ingress", "tls.crt");
  });
  afterAll(() => journey?.stop());

  it("begins with agents that have no pin, and a Rancher that serves no bundle", async () => {
    const { sandbox } = journey;
    expect(await servedBundle(sandbox)).toBe("");
    expect(Object.values(await agents(sandbox)).map(({ pin }) => pin)).toEqual(["", ""]);
    const { code, stdout } = await journey.farrier("check");
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/made by cert-manager from Let's Encrypt, until the rotation changes that/);
  });

  it("has a plan that mounts a bundle first, and stops cert-manager before the certificate changes", async () => {
    const { stdout } = await journey.plan("rotation");
    expect(stdout).toContain("private-ca       privateCA: (default) → true\n");
    expect(stdout).toContain("own-certificate  ingress.tls.source: letsEncrypt → secret\n");
    expect(stdout).toMatch(/Agents pin no bundle and trust their\s+system's own store/);
  });

  it("ends with every agent at the private CA, and none was ever cut off, though they restart on the way", async () => {
    const { sandbox, authority, target } = journey;
    const running = journey.start("apply", "rotation", "--yes", "-o", "json");
    await running.line(entry("stage-entered", "widen"));
    await restartAgents();
    await running.line(entry("stage-entered", "switch"));
    await restartAgents();
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await servedBundle(sandbox)).toBe(authority.bundle.trim());
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    const pins = Object.values(await agents(sandbox)).map(({ pin }) => pin);
    expect(pins).toEqual([pinOfServed(authority.bundle.trim()), pinOfServed(authority.bundle.trim())]);
    expect(sandbox.statistics().refused).toBe(0);
  });

  it("is left alone by cert-manager, and every other value stays", async () => {
    expect(await namesOf(ISSUERS)).toEqual([]);
    expect(await namesOf(CERTIFICATES)).toEqual([]);
    expect(await helm().values()).toEqual({ ...GIVEN, privateCA: true, ingress: { tls: { source: "secret" } } });
  });

  it("is led back to where it began by a rollback, while agents restart", async () => {
    const { sandbox } = journey;
    const running = journey.start("rollback", "rotation", "--yes", "--helm", pathOf("helm4"), "-o", "json");
    await running.line(entry("stage-entered", "narrow"));
    await restartAgents();
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await servedBundle(sandbox)).toBe("");
    expect(await trustSecret(sandbox)).toBe("");
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(chain)]);
    expect(await helm().values()).toEqual(GIVEN);
    await sandbox.waitUntil(async () => (await namesOf(CERTIFICATES)).length === 1);
    await expectWorld(sandbox, before, withoutReleases);
    expect(sandbox.statistics().refused).toBe(0);
  });
});
