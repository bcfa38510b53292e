/** From a private CA to a certificate of a public one, and back, with the real helm. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
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

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };

describe.skipIf(!areBuilt("helm3", "helm4"))(
  "an estate with a private CA whose certificate becomes a public one",
  () => {
    let journey: Journey;
    let target: { readonly certificate: string };
    let before: Record<string, unknown>;
    let beginning: { readonly bundle: string; readonly chain: string };
    const helm = () => helmOf(journey, "helm3");

    beforeAll(async () => {
      const settings = { helm: pathOf("helm3"), armingMinReadySeconds: 120, publicRoots: "roots.pem" };
      journey = await startJourney({ clusters: 2, tls: { mode: "system-store" } }, settings);
      target = await withPublicFiles(journey);
      const { sandbox } = journey;
      // What people keep on a Secret beside its bundle: it goes with it, and comes back with it.
      const metadata = { labels: { team: "platform" }, annotations: { "example.com/owner": "ops" } };
      const body = { metadata, data: { "note.txt": Buffer.from("k3pt-n0te").toString("base64") } };
      await sandbox.management.patch(SECRETS, "tls-ca", { type: "merge", body });
      before = withoutReleases(await restingWorld(sandbox));
      beginning = {
        bundle: await servedBundle(sandbox),
        chain: await secretText(sandbox, "tls-rancher-ingress", "tls.crt"),
      };
    });
    afterAll(() => journey?.stop());

    it("has a plan in which agents let go of their pin before Rancher serves no bundle, and tls-ca goes last", async () => {
      const planned = await journey.farrier("plan", ...TO_PUBLIC, "--out", "rotation", "-o", "json");
      expect(planned, planned.stdout).toMatchObject({ code: 0 });
      const { epochs, stages } = json(planned.stdout);
      expect(epochs.map(({ name }: { name: string }) => name)).toEqual(["current", "both", "target"]);
      expect(epochs[1].bundle).toContain(journey.sandbox.pki.publicCa.rootPem.trim());
      expect(epochs[2]).toMatchObject({ bundle: "", pin: "" });
      const steps = stages.flatMap(({ id, waves }: { id: string; waves: { steps: { kind: string }[] }[] }) => [
        ...new Set(waves.flatMap((wave) => wave.steps.map(({ kind }) => `${id} ${kind}`))),
      ]);
      expect(steps).toEqual([
        "backup save-objects",
        "backup prove-decryption",
        "arm@both arm-agent",
        "widen serve-bundle",
        "spread@both roll-agent",
        "switch present-certificate",
        "switch restart-agent",
        "switch restart-rancher",
        "arm@target roll-agent",
        "narrow upgrade-release",
        "release remove-bundle",
        "settle settle-agent",
        "prove prove-trust",
      ]);
    });

    it("ends with agents that have no pin, and none was ever cut off, though they restart on the way", async () => {
      const { sandbox } = journey;
      const running = journey.start("apply", "rotation", "--yes", "-o", "json");
      await running.line(entry("stage-entered", "widen"));
      await Promise.all(sandbox.clusters.map(({ name }) => sandbox.restartAgent(name)));
      await running.line(entry("stage-entered", "narrow"));
      await Promise.all(sandbox.clusters.map(({ name }) => sandbox.restartAgent(name)));
      const { code, stderr } = await running.ended;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(await servedBundle(sandbox)).toBe("");
      expect(await trustSecret(sandbox)).toBe("");
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
      const found = Object.values(await agents(sandbox));
      expect(found.map(({ pin, pods, minReadySeconds }) => ({ pin, pods, minReadySeconds }))).toEqual([
        { pin: "", pods: [""], minReadySeconds: 0 },
        { pin: "", pods: ["", ""], minReadySeconds: 0 },
      ]);
      expect(sandbox.statistics().refused).toBe(0);
    });

    it("keeps every other value and the chart's version", async () => {
      expect(await helm().values()).toEqual({
        hostname: "localhost",
        replicas: 1,
        privateCA: false,
        ingress: { tls: { source: "secret" } },
      });
      expect(await helm().chartVersion()).toBe("rancher-2.15.1");
    });

    it("is not written to when that is applied again", async () => {
      const { revision } = await helm().latest();
      expect((await journey.farrier("apply", "rotation", "--yes")).code).toBe(0);
      expect((await helm().latest()).revision).toBe(revision);
    });

    it("is led back to where it began by a rollback, while agents restart", async () => {
      const { sandbox } = journey;
      const running = journey.start("rollback", "rotation", "--yes", "--helm", pathOf("helm4"), "-o", "json");
      await running.line(entry("stage-entered", "switch"));
      await Promise.all(sandbox.clusters.map(({ name }) => sandbox.restartAgent(name)));
      const { code, stderr } = await running.ended;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(await servedBundle(sandbox)).toBe(beginning.bundle);
      expect(await presentedLeaves(sandbox)).toEqual([leafOf(beginning.chain)]);
      const pins = Object.values(await agents(sandbox)).map(({ pin }) => pin);
      expect(new Set(pins)).toEqual(new Set([pinOfServed(beginning.bundle)]));
      await expectWorld(sandbox, before, withoutReleases);
      expect(sandbox.statistics().refused).toBe(0);
    });

    it("has written what else was in that Secret nowhere in readable form", async () => {
      const files = await readdir(join(journey.folder, "rotation"), { recursive: true, withFileTypes: true });
      const texts = files
        .filter((file) => file.isFile())
        .map((file) => readFile(join(file.parentPath, file.name), "utf8"));
      const all = (await Promise.all(texts)).join("") + journey.said();
      expect(all).not.toContain("k3pt-n0te");
      expect(all).not.toContain(Buffer.from("k3pt-n0te").toString("base64"));
    });
  },
);
