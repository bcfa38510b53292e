/** TLS ends before the cluster, and the certificate there becomes a public one: agents end without a pin, and back. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { helmOf } from "../helpers/helm.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import { withPublicFiles } from "../helpers/public-files.ts";
import { presentAtLoadBalancer } from "../helpers/serving-pair.ts";
import { expectWorld, restingWorld, withoutReleases } from "../helpers/world-dump.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

const MINUTE = 60_000;

describe.skipIf(!areBuilt("helm3", "helm4"))("an estate whose load balancer is to present a public certificate", () => {
  let journey: Journey;
  let before: Record<string, unknown>;
  let old: { readonly certificate: string; readonly key: string };
  let target: { readonly certificate: string; readonly key: string };
  let bundle: string;
  const pins = async () => Object.values(await agents(journey.sandbox)).map(({ pin }) => pin);

  beforeAll(async () => {
    const settings = { helm: pathOf("helm3"), armingMinReadySeconds: 120, publicRoots: "roots.pem" };
    journey = await startJourney({ clusters: 2, tls: { source: "external", mode: "system-store" } }, settings);
    const { sandbox } = journey;
    target = await withPublicFiles(journey);
    old = await sandbox.pki.today.issue();
    await presentAtLoadBalancer(sandbox, old);
    before = withoutReleases(await restingWorld(sandbox));
    bundle = await servedBundle(sandbox);
  });
  afterAll(() => journey?.stop());

  it("has a plan that needs no key, and changes privateCA alone", async () => {
    const planned = await journey.farrier(
      "plan",
      "--cert",
      "public.crt",
      "--without-key",
      "--public",
      "--out",
      "rotation",
      "-o",
      "json",
    );
    expect(planned, planned.stdout).toMatchObject({ code: 0 });
    const { release } = json(planned.stdout);
    expect(release.changes).toEqual([
      { name: "no-private-ca", values: [{ path: "privateCA", from: true, to: false, default: false }] },
    ]);
  });

  it(
    "ends with agents that have no pin, once a person has changed the certificate there",
    async () => {
      const { sandbox } = journey;
      const applying = journey.start("apply", "rotation", "--yes", "-o", "json");
      await applying.line(handedOver);
      const both = await servedBundle(sandbox);
      expect(both).toContain(sandbox.pki.publicCa.rootPem.trim());
      expect(await pins()).toEqual([pinOfServed(both), pinOfServed(both)]);
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(old.certificate)]);
      await presentAtLoadBalancer(sandbox, target);
      const { code, stdout } = await applying.ended;
      expect({ code, stdout }).toMatchObject({ code: 0 });
      expect(await servedBundle(sandbox)).toBe("");
      expect(await trustSecret(sandbox)).toBe("");
      expect(await pins()).toEqual(["", ""]);
      expect(await helmOf(journey, "helm3").values()).toEqual({
        hostname: "localhost",
        replicas: 1,
        privateCA: false,
        tls: "external",
      });
      expect(sandbox.statistics().refused).toBe(0);
    },
    5 * MINUTE,
  );

  it(
    "is led back: the bundle and the value by Farrier, the certificate by a person",
    async () => {
      const { sandbox } = journey;
      const going = journey.start("rollback", "rotation", "--yes", "--helm", pathOf("helm4"), "-o", "json");
      await going.line(handedOver);
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
      await presentAtLoadBalancer(sandbox, old);
      const { code, stdout } = await going.ended;
      expect({ code, stdout }).toMatchObject({ code: 0 });
      expect(await servedBundle(sandbox)).toBe(bundle);
      expect(await pins()).toEqual([pinOfServed(bundle), pinOfServed(bundle)]);
      await expectWorld(sandbox, before, withoutReleases);
      expect(sandbox.statistics().refused).toBe(0);
    },
    5 * MINUTE,
  );
});

/** The journal's line when the switch is all that is missing. */
function handedOver(line: string): boolean {
  return line.includes('"gate-held"') && line.includes("TLS ends before the cluster");
}
