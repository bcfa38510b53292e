/** A Gateway leads to Rancher (its chart from 2.14 on): from a private CA to a public certificate, and back. */
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
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import { TO_PUBLIC, withPublicFiles } from "../helpers/public-files.ts";
import { expectWorld, restingWorld, withoutReleases } from "../helpers/world-dump.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

const GATEWAYS = {
  group: "gateway.networking.k8s.io",
  version: "v1",
  resource: "gateways",
  namespace: "cattle-system",
};
const GIVEN = {
  hostname: "localhost",
  replicas: 1,
  networkExposure: { type: "gateway" },
  gateway: { gatewayClass: { tls: { source: "secret" } } },
};

describe.skipIf(!areBuilt("helm3", "helm4"))("an estate to which a Gateway leads", () => {
  let journey: Journey;
  let target: { readonly certificate: string };
  let before: Record<string, unknown>;
  let beginning: { readonly bundle: string; readonly chain: string };
  const helm = () => helmOf(journey, "helm4");
  const pins = async () => Object.values(await agents(journey.sandbox)).map(({ pin }) => pin);

  beforeAll(async () => {
    const settings = { helm: pathOf("helm4"), armingMinReadySeconds: 120, publicRoots: "roots.pem" };
    const tls = { mode: "system-store", exposure: "gateway" } as const;
    journey = await startJourney({ clusters: 2, tls }, settings);
    target = await withPublicFiles(journey);
    const { sandbox } = journey;
    before = withoutReleases(await restingWorld(sandbox));
    beginning = {
      bundle: await servedBundle(sandbox),
      chain: await secretText(sandbox, "tls-rancher-ingress", "tls.crt"),
    };
  });
  afterAll(() => journey?.stop());

  it("is seen as such", async () => {
    const { stdout, code } = await journey.farrier("observe", "-o", "json");
    expect(code).toBe(0);
    expect(json(stdout).installation).toMatchObject({ exposure: "gateway", tlsSource: "secret", privateCa: true });
  });

  it("has a plan that sets the Ingress's source as well, or Rancher would serve a CA of its own", async () => {
    const planned = await journey.farrier("plan", ...TO_PUBLIC, "--out", "rotation", "-o", "json");
    expect(planned, planned.stdout).toMatchObject({ code: 0 });
    expect(json(planned.stdout).release.changes).toMatchObject([
      {
        name: "no-private-ca",
        values: [
          { path: "privateCA", to: false },
          { path: "ingress.tls.source", to: "secret" },
        ],
      },
    ]);
  });

  it("ends with agents that have no pin, and none was ever cut off", async () => {
    const { sandbox } = journey;
    const { code, stderr } = await journey.farrier("apply", "rotation", "--yes");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await servedBundle(sandbox)).toBe("");
    expect(await trustSecret(sandbox)).toBe("");
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    expect(await pins()).toEqual(["", ""]);
    expect(await helm().values()).toEqual({ ...GIVEN, privateCA: false, ingress: { tls: { source: "secret" } } });
    expect(sandbox.statistics().refused).toBe(0);
  });

  it("keeps its Gateway through both upgrades, and is led back to where it began", async () => {
    const { sandbox } = journey;
    const { code, stderr } = await journey.farrier("rollback", "rotation", "--yes");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect((await sandbox.management.list(GATEWAYS)).items.map(({ metadata }) => metadata.name)).toEqual([
      "rancher-gateway",
    ]);
    expect(await servedBundle(sandbox)).toBe(beginning.bundle);
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(beginning.chain)]);
    expect(new Set(await pins())).toEqual(new Set([pinOfServed(beginning.bundle)]));
    expect(await helm().values()).toEqual({ ...GIVEN, privateCA: true });
    await expectWorld(sandbox, before, withoutReleases);
    expect(sandbox.statistics().refused).toBe(0);
  });
});
