/**
 * Refreshes of clusters whose control planes are Kubernetes' own: their service-account keys and CAs are really others,
 * the tokens of before are really refused, and kube-controller-manager fills the Secrets.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conditionStatus } from "../../src/sandbox/rancher/cluster-status.ts";
import { CLUSTERS } from "../../src/sandbox/rancher/resources.ts";
import { waitUntil } from "../../src/sandbox/scenario/waiting.ts";
import { beginJourney, type Journey, json, jsonLines } from "../helpers/journey.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";
import { tokensIn } from "../helpers/renewed-cluster.ts";
import { areBuilt } from "./control-plane/binaries.ts";
import { type RealEstate, startRealEstate } from "./control-plane/real-estate.ts";

const MINUTE = 60_000;
const definitions = process.env.RANCHER_CRDS;
const isBuilt = areBuilt("etcd", "kube-apiserver", "kube-controller-manager");
if (isBuilt && definitions === undefined) {
  process.stderr.write("RANCHER_CRDS names no file: refreshes on real control planes are left out\n");
}

describe.skipIf(!isBuilt || definitions === undefined)("on real control planes", () => {
  let journey: Journey<RealEstate>;
  let estate: RealEstate;

  beforeAll(async () => {
    estate = await startRealEstate(definitions ?? "", {
      speed: 1,
      clusters: [{ name: "paris" }, { name: "lagos" }],
      rancher: { startSeconds: [1, 2] },
    });
    journey = await beginJourney(estate);
    await estate.waitUntilConnected();
    await waitUntilRancherRests(estate);
  }, 5 * MINUTE);

  afterAll(() => journey?.stop(), MINUTE);

  const clusterCalled = (name: string) => {
    const found = estate.clusters.find((cluster) => cluster.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };

  const untilNotReady = (id: string) => {
    const look = async () => {
      const object = await estate.management.get(CLUSTERS, id);
      return object !== undefined && conditionStatus(object, "Ready") === "False";
    };
    return waitUntil(look, { what: "Ready=False", seconds: 120 });
  };

  /** Puts the kubeconfig of now beside, and refreshes. */
  const refresh = async (name: string, directory: string) => {
    const file = `${directory}.yaml`;
    await writeFile(join(journey.folder, file), estate.kubeconfig(name), { mode: 0o600 });
    const flags = ["--cluster-kubeconfig", file, "--out", directory, "--yes", "-o", "json"];
    return await journey.farrier("refresh", name, ...flags);
  };

  test.each([
    [
      "paris",
      "the service-account key is another one, and Rancher takes the report over",
      { ca: false, reported: true },
    ],
    ["lagos", "both are others, and the report does not arrive: it is written (M2.9)", { ca: true, reported: false }],
  ])(
    "%s: %s",
    async (name, _what, { ca, reported }) => {
      const cluster = clusterCalled(name);
      const [before] = await tokensIn(cluster);
      await estate.renewCluster(name, { ca, serviceAccountKey: true, reported });
      await untilNotReady(cluster.id);
      const done = await refresh(name, `refresh-${name}`);
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
      expect(jsonLines(done.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished", worldChanged: true } });

      const [agent, ...others] = await tokensIn(cluster);
      expect(others).toEqual([]);
      expect(agent?.uid).not.toBe(before?.uid);
      const again = await refresh(name, `again-${name}`);
      expect(again.code, again.stderr).toBe(0);
      const { outcome, clusters } = json(again.stdout);
      expect(outcome).toEqual({ kind: "nothing-stale" });
      const states = clusters[0].comparisons.map(({ subject, state }: Record<string, string>) => `${subject} ${state}`);
      expect(states).toEqual(["ca same", "token same", "agent-token same", "person-token same"]);
    },
    6 * MINUTE,
  );
});
