/**
 * From a private CA to a public certificate, and back, on real control planes: Kubernetes' own controllers roll the agents
 * over and take the mount from Rancher's Deployment, which the real helm upgrades.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { helmOf } from "../helpers/helm.ts";
import { beginJourney, entry, type Journey, jsonLines } from "../helpers/journey.ts";
import { TO_PUBLIC, withPublicFiles } from "../helpers/public-files.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";
import { areBuilt, pathOf } from "./control-plane/binaries.ts";
import { type RealEstate, startRealEstate } from "./control-plane/real-estate.ts";

const MINUTE = 60_000;
const definitions = process.env.RANCHER_CRDS;
const isBuilt = areBuilt("etcd", "kube-apiserver", "kube-controller-manager", "helm3", "helm4");

describe.skipIf(!isBuilt || definitions === undefined)("to a public certificate, on real control planes", () => {
  let journey: Journey<RealEstate>;
  let estate: RealEstate;
  let target: { readonly certificate: string };
  /** What the estate is at the beginning. */
  let trust: string;
  let leaves: readonly string[];
  const podPins = async () => Object.values(await agents(estate)).map(({ pods }) => [...new Set(pods)]);
  const deleteAgents = async (cluster: string) => {
    for (const { metadata } of await estate.agentPods(cluster)) await estate.deletePod(cluster, metadata.name);
  };

  beforeAll(async () => {
    estate = await startRealEstate(definitions ?? "", {
      speed: 1,
      clusters: [{ name: "paris", agents: 2 }, { name: "lagos" }],
      tls: { mode: "system-store" },
      rancher: { startSeconds: [2, 3] },
    });
    const settings = { helm: pathOf("helm3"), armingMinReadySeconds: 10, publicRoots: "roots.pem" };
    journey = await beginJourney(estate, settings);
    target = await withPublicFiles(journey);
    await estate.waitUntilConnected();
    await waitUntilRancherRests(estate);
    trust = await trustSecret(estate);
    leaves = await presentedLeaves(estate);
  }, 5 * MINUTE);
  afterAll(() => journey?.stop(), MINUTE);

  test(
    "ends with agents that have no pin, though one cluster's restart before and after the bundle is widened",
    async () => {
      const planned = await journey.farrier("plan", ...TO_PUBLIC, "--out", "rotation");
      expect(planned, planned.stdout).toMatchObject({ code: 0 });
      const running = journey.start("apply", "rotation", "--yes", "-o", "json");
      await running.line(entry("stage-done", "arm@both"));
      await deleteAgents("lagos");
      await running.line(entry("stage-entered", "spread@both"));
      await deleteAgents("lagos");
      const { code, stdout, stderr } = await running.ended;
      expect({ code, stderr }, stdout).toMatchObject({ code: 0, stderr: "" });
      expect(await servedBundle(estate)).toBe("");
      expect(await trustSecret(estate)).toBe("");
      expect(await presentedLeaves(estate)).toEqual([leafOf(target.certificate)]);
      expect(await podPins()).toEqual([[""], [""]]);
      const given = { hostname: "localhost", replicas: 1, privateCA: false, ingress: { tls: { source: "secret" } } };
      expect(await helmOf({ folder: journey.folder, sandbox: estate }, "helm3").values()).toEqual(given);
      await estate.waitUntilConnected();
      expect(estate.statistics()).toMatchObject({ refused: 0, refusals: [] });
    },
    10 * MINUTE,
  );

  test(
    "is led back by a rollback, with the other helm",
    async () => {
      const back = await journey.farrier("rollback", "rotation", "--yes", "--helm", pathOf("helm4"), "-o", "json");
      expect(back, back.stdout).toMatchObject({ code: 0, stderr: "" });
      const outcome = { kind: "finished", worldChanged: true };
      expect(jsonLines(back.stdout).at(-1)).toEqual({ type: "result", outcome, direction: "rollback" });
      expect(await trustSecret(estate)).toBe(trust);
      expect(await presentedLeaves(estate)).toEqual(leaves);
      const pin = pinOfServed(trust.trim());
      expect(await podPins()).toEqual([[pin], [pin]]);
      await estate.waitUntilConnected();
      expect(estate.statistics()).toMatchObject({ refused: 0, refusals: [] });
    },
    10 * MINUTE,
  );
});
