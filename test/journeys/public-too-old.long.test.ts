/** An agent whose image does not know the public root is met by the canary, before Rancher drops its bundle. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle } from "../helpers/estate-facts.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";
import { TO_PUBLIC, withPublicFiles } from "../helpers/public-files.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

describe.skipIf(!areBuilt("helm3"))("a cluster whose agent's image is older than the public root", () => {
  let journey: Journey;
  let beginning: string;
  let target: { readonly certificate: string };

  beforeAll(async () => {
    const settings = {
      helm: pathOf("helm3"),
      armingMinReadySeconds: 120,
      publicRoots: "roots.pem",
      waves: { canary: ["oslo"] },
    };
    const clusters = [{ name: "paris" }, { name: "oslo", systemStore: "bare" as const }];
    journey = await startJourney({ clusters, tls: { mode: "system-store" } }, settings);
    target = await withPublicFiles(journey);
    beginning = await servedBundle(journey.sandbox);
  });
  afterAll(() => journey?.stop());

  it("stops the rotation where nothing is lost: its old pod serves on, and Rancher serves both authorities", async () => {
    const { sandbox } = journey;
    expect((await journey.farrier("plan", ...TO_PUBLIC, "--out", "rotation")).code).toBe(0);
    const { code, stdout, stderr } = await journey.farrier("apply", "rotation", "--yes");
    expect({ code, said: stdout + stderr }).toMatchObject({
      code: 1,
      said: expect.stringContaining("without a bundle of Rancher's the agent does not accept the certificate"),
    });
    const both = await servedBundle(sandbox);
    expect(both).toContain(sandbox.pki.publicCa.rootPem.trim());
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    expect((await agents(sandbox)).oslo?.pods).toEqual(["", pinOfServed(both)]);
    await sandbox.restartAgent("paris");
    await sandbox.waitUntilConnected();
    expect(sandbox.statistics().refusals.every(({ phase }) => phase === "start")).toBe(true);
  });

  it("is led back by a rollback", async () => {
    const { sandbox } = journey;
    const { code, stderr } = await journey.farrier("rollback", "rotation", "--yes");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await servedBundle(sandbox)).toBe(beginning);
    const found = Object.values(await agents(sandbox));
    expect(found.map(({ pods }) => pods)).toEqual([[pinOfServed(beginning)], [pinOfServed(beginning)]]);
    await sandbox.waitUntilConnected();
  });
});
