/** From the certificate that Rancher's own CA signs to a public one, in one rotation, and back, with the real helm. */
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
import { entry, type Journey, json, startJourney } from "../helpers/journey.ts";
import { TO_PUBLIC, withPublicFiles } from "../helpers/public-files.ts";
import { expectWorld, restingWorld, withoutReleases } from "../helpers/world-dump.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

const GIVEN = { hostname: "localhost", replicas: 1 };
const CERTIFICATES = {
  group: "cert-manager.io",
  version: "v1",
  resource: "certificates",
  namespace: "cattle-system",
};

describe.skipIf(!areBuilt("helm3", "helm4"))("an estate whose own CA gives way to a public certificate", () => {
  let journey: Journey;
  let target: { readonly certificate: string };
  let before: Record<string, unknown>;
  let beginning: { readonly bundle: string; readonly chain: string };
  const helm = () => helmOf(journey, "helm3");
  const pins = async () => Object.values(await agents(journey.sandbox)).map(({ pin }) => pin);
  const restartAgents = () =>
    Promise.all(journey.sandbox.clusters.map(({ name }) => journey.sandbox.restartAgent(name)));

  beforeAll(async () => {
    const settings = { helm: pathOf("helm3"), armingMinReadySeconds: 120, publicRoots: "roots.pem" };
    journey = await startJourney({ clusters: 2, tls: { source: "rancher", mode: "system-store" } }, settings);
    target = await withPublicFiles(journey);
    const { sandbox } = journey;
    before = withoutReleases(await restingWorld(sandbox));
    beginning = {
      bundle: await servedBundle(sandbox),
      chain: await secretText(sandbox, "tls-rancher-ingress", "tls.crt"),
    };
  });
  afterAll(() => journey?.stop());

  it("has a plan in which Rancher's own CA is mounted beside the public root, until agents do without either", async () => {
    const planned = await journey.farrier("plan", ...TO_PUBLIC, "--out", "rotation", "-o", "json");
    expect(planned, planned.stdout).toMatchObject({ code: 0 });
    const { epochs, release } = json(planned.stdout);
    const [current, both, last] = epochs;
    expect(current.bundle.trim()).toBe(beginning.bundle);
    expect(both.bundle).toContain(beginning.bundle);
    expect(both.bundle).toContain(journey.sandbox.pki.publicCa.rootPem.trim());
    expect(last).toMatchObject({ bundle: "", pin: "" });
    const values = release.changes.map(
      ({ name, values: [first, ...others] }: { name: string; values: { path: string; to: unknown }[] }) =>
        `${name} ${first?.path}=${first?.to}${others.length === 0 ? "" : " and more"}`,
    );
    expect(values).toEqual([
      "private-ca privateCA=true",
      "own-certificate ingress.tls.source=secret",
      "no-private-ca privateCA=false",
    ]);
  });

  it("ends with agents that have no pin, and none was ever cut off, though they restart on the way", async () => {
    const { sandbox } = journey;
    const running = journey.start("apply", "rotation", "--yes", "-o", "json");
    for (const stage of ["widen", "switch", "narrow"]) {
      await running.line(entry("stage-entered", stage));
      await restartAgents();
    }
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }, stdout).toMatchObject({ code: 0 });
    expect(await servedBundle(sandbox)).toBe("");
    expect(await trustSecret(sandbox)).toBe("");
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    expect(await pins()).toEqual(["", ""]);
    expect(await helm().values()).toEqual({ ...GIVEN, privateCA: false, ingress: { tls: { source: "secret" } } });
    expect((await sandbox.management.list(CERTIFICATES)).items).toEqual([]);
    expect(sandbox.statistics().refused).toBe(0);
  });

  it("is led back to Rancher's own CA by a rollback, while agents restart", async () => {
    const { sandbox } = journey;
    const running = journey.start("rollback", "rotation", "--yes", "--helm", pathOf("helm4"), "-o", "json");
    for (const stage of ["widen", "switch", "narrow"]) {
      await running.line(entry("stage-entered", stage));
      await restartAgents();
    }
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }, stdout).toMatchObject({ code: 0 });
    expect(await servedBundle(sandbox)).toBe(beginning.bundle);
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(beginning.chain)]);
    expect(new Set(await pins())).toEqual(new Set([pinOfServed(beginning.bundle)]));
    expect(await helm().values()).toEqual(GIVEN);
    await expectWorld(sandbox, before, withoutReleases);
    expect(sandbox.statistics().refused).toBe(0);
  });

  it("is led back from the middle as well, where both authorities are served", async () => {
    const { sandbox } = journey;
    await journey.configure({
      helm: pathOf("helm3"),
      armingMinReadySeconds: 120,
      publicRoots: "roots.pem",
      rest: "until-resumed",
    });
    const planned = await journey.farrier("plan", ...TO_PUBLIC, "--out", "half");
    expect(planned, planned.stdout).toMatchObject({ code: 0 });
    expect((await journey.farrier("apply", "half", "--yes")).code).toBe(4);
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    const back = await journey.farrier("rollback", "half", "--yes", "-o", "json");
    expect(back, back.stdout).toMatchObject({ code: 0 });
    expect(await servedBundle(sandbox)).toBe(beginning.bundle);
    expect(await helm().values()).toEqual(GIVEN);
    await expectWorld(sandbox, before, withoutReleases);
    expect(sandbox.statistics().refused).toBe(0);
  });
});
