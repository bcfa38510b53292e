/** TLS ends before the cluster: a person changes the certificate there, when they are asked to, and is not asked before. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle } from "../helpers/estate-facts.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";
import { presentAtLoadBalancer } from "../helpers/serving-pair.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

const MINUTE = 60_000;

describe("an estate whose load balancer ends TLS", () => {
  let journey: Journey;
  let before: Record<string, unknown>;
  let old: { readonly certificate: string; readonly key: string };
  const pins = async () => Object.values(await agents(journey.sandbox)).map(({ pin }) => pin);

  beforeAll(async () => {
    journey = await startJourney({ clusters: 2, tls: { source: "external" } }, { armingMinReadySeconds: 120 });
    old = await journey.sandbox.pki.today.issue();
    await presentAtLoadBalancer(journey.sandbox, old);
    before = await restingWorld(journey.sandbox);
  });
  afterAll(() => journey?.stop());

  it("has a plan that says who changes the certificate, and when", async () => {
    const { stdout, code } = await journey.farrier("check");
    expect({ stdout, code }).toMatchObject({ code: 0 });
    expect(stdout).toContain("installation.certificate-elsewhere");
    // The key is known at the load balancer, and nowhere else.
    await rm(join(journey.folder, "tls.key"));
    const files = ["--cert", "tls.crt", "--without-key", "--cacerts", "cacerts.pem"];
    const planned = await journey.farrier("plan", ...files, "--out", "rotation");
    expect(planned).toMatchObject({ code: 0 });
    const said = planned.stdout.replaceAll(/\s+/g, " ");
    expect(said).toContain("A person gives the target certificate to what ends TLS before Rancher");
    expect(said).toContain("when every agent has started so, and a person has changed the certificate");
  });

  it(
    "is waited for once every agent accepts both, and goes on when the certificate is seen from outside",
    async () => {
      const { sandbox, authority, target } = journey;
      const applying = journey.start("apply", "rotation", "--yes", "-o", "json");
      await applying.line(handedOver);
      const both = await servedBundle(sandbox);
      expect(both).toContain(authority.rootPem.trim());
      expect(both).toContain(sandbox.pki.today.rootPem.trim());
      expect(await pins()).toEqual([pinOfServed(both), pinOfServed(both)]);
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(old.certificate)]);

      await presentAtLoadBalancer(sandbox, target);
      const { code, stdout } = await applying.ended;
      expect({ code, stdout }).toMatchObject({ code: 0 });
      expect(await servedBundle(sandbox)).toBe(authority.bundle.trim());
      const pin = pinOfServed(authority.bundle.trim());
      expect(await pins()).toEqual([pin, pin]);
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
      expect(sandbox.statistics().refused).toBe(0);
    },
    5 * MINUTE,
  );

  it(
    "is led back in the same way: the bundle by Farrier, the certificate by a person",
    async () => {
      const { sandbox } = journey;
      const going = journey.start("rollback", "rotation", "--yes", "-o", "json");
      await going.line(handedOver);
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(journey.target.certificate)]);
      await presentAtLoadBalancer(sandbox, old);
      const { code, stdout } = await going.ended;
      expect({ code, stdout }).toMatchObject({ code: 0 });
      await expectWorld(sandbox, before);
      expect(sandbox.statistics().refused).toBe(0);
    },
    5 * MINUTE,
  );

  it("has no key of anybody's kept, as Farrier needs none", async () => {
    const files = await readdir(join(journey.folder, "rotation", "backups"));
    expect(files.filter((name) => name.startsWith("serving-"))).toEqual([]);
  });
});

/** The journal's line when the switch is all that is missing. */
function handedOver(line: string): boolean {
  return line.includes('"gate-held"') && line.includes("TLS ends before the cluster");
}
