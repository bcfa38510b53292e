/** From Rancher's own CA to a private one where there is no helm: a person runs each command that is named. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle } from "../helpers/estate-facts.ts";
import { helmOf } from "../helpers/helm.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";
import { areBuilt } from "../kubernetes/control-plane/binaries.ts";

const MINUTE = 60_000;

describe.skipIf(!areBuilt("helm3")).sequential("without helm", () => {
  let journey: Journey;
  const helm = () => helmOf(journey, "helm3");
  const apply = () => journey.farrier("apply", "rotation", "--yes", "-o", "json");

  /** Runs what was asked for, as a person would who has a helm and the chart elsewhere. */
  async function runByHand(said: string): Promise<string> {
    const commands = [...said.matchAll(/By hand: no-such-helm upgrade rancher CHART ([^"]*)/g)].map(
      ([, flags]) => flags,
    );
    const [flags = ""] = new Set(commands);
    expect(new Set(commands).size).toBe(1);
    await helm().upgrade(...flags.split(" ").filter((flag) => flag !== ""));
    return flags;
  }

  beforeAll(async () => {
    const settings = { helm: "no-such-helm", armingMinReadySeconds: 120 };
    journey = await startJourney({ clusters: 1, tls: { source: "rancher" } }, settings);
    await helm().upgrade("--reuse-values", "--set", "debug=true");
    await journey.plan("rotation");
  });
  afterAll(() => journey?.stop());

  it(
    "apply stops at the bundle, and once that command has run it goes on to the certificate",
    async () => {
      const stopped = await apply();
      expect(stopped.code, stopped.stdout).toBe(1);
      expect(stopped.stdout).toContain("helm.missing");
      expect(await runByHand(stopped.stdout)).toMatch(/--reuse-values --set privateCA=true$/);
      const { revision } = await helm().latest();

      const second = await apply();

      expect(second.code, second.stdout).toBe(1);
      expect((await helm().latest()).revision).toBe(revision);
      const both = await servedBundle(journey.sandbox);
      expect(both).toContain(journey.sandbox.pki.today.rootPem.trim());
      expect(both).toContain(journey.authority.rootPem.trim());
      await journey.sandbox.waitUntilConnected();
      expect(await runByHand(second.stdout)).toMatch(/--reuse-values .*--set ingress\.tls\.source=secret$/);
    },
    5 * MINUTE,
  );

  it(
    "and to the end, with all values that were given and nobody cut off",
    async () => {
      const { revision } = await helm().latest();
      const { code, stdout } = await apply();
      expect({ code, stdout }).toMatchObject({ code: 0 });
      expect((await helm().latest()).revision).toBe(revision);
      expect(await helm().values()).toMatchObject({
        debug: true,
        privateCA: true,
        ingress: { tls: { source: "secret" } },
      });
      const { sandbox, authority, target } = journey;
      expect(await servedBundle(sandbox)).toBe(authority.bundle.trim());
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
      const pin = pinOfServed(authority.bundle.trim());
      expect(Object.values(await agents(sandbox)).map((agent) => agent.pin)).toEqual([pin]);
      expect(sandbox.statistics().refused).toBe(0);
    },
    5 * MINUTE,
  );
});
