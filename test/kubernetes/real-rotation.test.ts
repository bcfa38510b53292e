/**
 * One whole overlap rotation, and the way back, on three real control planes: Rancher's own and those of two clusters.
 * What is shown on the sandbox a thousand times is shown here once on Kubernetes itself.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { beginJourney, type Journey, jsonLines } from "../helpers/journey.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { presentInstead } from "../helpers/serving-pair.ts";
import { areBuilt } from "./control-plane/binaries.ts";
import { type RealEstate, startRealEstate } from "./control-plane/real-estate.ts";
import { overlapWithKilledAgents } from "./suite/overlap-rotation.ts";

const MINUTE = 60_000;
const definitions = process.env.RANCHER_CRDS;
const isBuilt = areBuilt("etcd", "kube-apiserver", "kube-controller-manager");
if (isBuilt && definitions === undefined) {
  process.stderr.write("RANCHER_CRDS names no file: the rotation on real control planes is left out\n");
}

describe.skipIf(!isBuilt || definitions === undefined)("on real control planes", () => {
  let journey: Journey<RealEstate>;
  let estate: RealEstate;
  /** What the estate is at the beginning. */
  let trust: string;
  let leaves: readonly string[];
  let pin: string;

  beforeAll(async () => {
    estate = await startRealEstate(definitions ?? "", {
      speed: 1,
      clusters: [{ name: "paris", agents: 2 }, { name: "lagos" }],
      rancher: { startSeconds: [2, 3] },
    });
    journey = await beginJourney(estate, { armingMinReadySeconds: 10 });
    await estate.waitUntilConnected();
    await waitUntilRancherRests(estate);
    trust = await trustSecret(estate);
    leaves = await presentedLeaves(estate);
    pin = pinOfServed(trust.trim());
  }, 5 * MINUTE);

  afterAll(() => journey?.stop(), MINUTE);

  overlapWithKilledAgents(() => ({ journey, estate, pin }));

  describe("its rollback", () => {
    test(
      "leads back to the Secrets, the certificate and the pins of the beginning",
      async () => {
        const back = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
        expect(back).toMatchObject({ code: 0, stderr: "" });
        const outcome = { kind: "finished", worldChanged: true };
        expect(jsonLines(back.stdout).at(-1)).toEqual({ type: "result", outcome, direction: "rollback" });
        expect(await trustSecret(estate)).toBe(trust);
        expect(await presentedLeaves(estate)).toEqual(leaves);
        for (const agent of Object.values(await agents(estate))) expect(new Set(agent.pods)).toEqual(new Set([pin]));
        await estate.waitUntilConnected();
        expect(estate.statistics()).toMatchObject({ refused: 0, refusals: [] });
      },
      10 * MINUTE,
    );
  });

  describe("a flag day, because the certificate has ended while the agents' connections lived on", () => {
    let planned: Ended;
    let applied: Ended;

    beforeAll(async () => {
      const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
      const ended = await estate.pki.today.issue({ notBefore: hours(-48), notAfter: hours(-1) });
      await presentInstead(estate, ended);
      planned = await journey.plan("flag-day", "--replace", "-o", "json");
      applied = await journey.farrier("apply", "flag-day", "--yes", "-o", "json");
    }, 10 * MINUTE);

    test("arms both clusters through the tunnels that live on", () => {
      const { procedure, clusters } = JSON.parse(planned.stdout);
      expect(procedure).toBe("replace");
      const downstream = clusters.filter(({ method }: { method: string }) => method === "patch");
      expect(downstream.map(({ name, reach }: { name: string; reach: string }) => [name, reach]).sort()).toEqual([
        ["lagos", "rancher"],
        ["paris", "rancher"],
      ]);
    });

    test("ends with the target's certificate and bundle, and every agent connected with its pin", async () => {
      expect(applied, applied.stdout).toMatchObject({ code: 0, stderr: "" });
      expect(await presentedLeaves(estate)).toEqual([leafOf(journey.target.certificate)]);
      const target = pinOfServed(await servedBundle(estate));
      expect(await trustSecret(estate)).toContain(journey.authority.rootPem.trim());
      for (const [name, agent] of Object.entries(await agents(estate))) {
        expect([name, agent.pin, new Set(agent.pods)]).toEqual([name, target, new Set([target])]);
      }
      await estate.waitUntilConnected();
    });
  });
});
