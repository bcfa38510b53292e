import { afterEach, describe, expect, test } from "vitest";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type Journey, jsonLines, startJourney } from "../helpers/journey.ts";
import {
  heldByRancher,
  kubeconfigFlags,
  type Renewal,
  readiness,
  renewCluster,
  tokensIn,
} from "../helpers/renewed-cluster.ts";

const LONG = 120_000;

let journey: Journey;

const start = async (scenario: ScenarioInput = {}): Promise<SandboxCluster> => {
  journey = await startJourney({ clusters: 2, speed: 100, ...scenario });
  const [cluster] = journey.sandbox.clusters;
  if (cluster === undefined) throw new Error("there is no cluster");
  return cluster;
};

afterEach(() => journey.stop());

/** A person's request for a namespace of the cluster, through Rancher. */
async function throughRancher({ id }: SandboxCluster): Promise<number> {
  const { ask } = await import("../sandbox/estate.ts");
  return (await ask(journey.sandbox, `/k8s/clusters/${id}/api/v1/namespaces`)).status;
}

describe.each<[string, Renewal]>([
  ["the service-account key (M2.5, M2.6, M2.8)", {}],
  ["the CA, and the agent does not notice (M2.4, M2.6)", { serviceAccountKey: false, ca: true, agent: "stays" }],
  ["both", { ca: true, agent: "stays" }],
])("%s", (_name, renewal) => {
  test(
    "is refreshed, and the cluster works for Rancher and for people",
    async () => {
      const cluster = await start();
      const { sandbox, folder, farrier } = journey;
      expect(await throughRancher(cluster)).toBe(200);
      const before = await heldByRancher(sandbox, cluster);
      const [oldAgent] = await tokensIn(cluster);
      await renewCluster(sandbox, cluster, renewal);
      const flags = await kubeconfigFlags(folder, cluster);
      const done = await farrier("refresh", cluster.name, ...flags, "--yes", "-o", "json");
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
      expect(jsonLines(done.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished", worldChanged: true } });

      const held = await heldByRancher(sandbox, cluster);
      const [agent, ...others] = await tokensIn(cluster);
      expect(others).toEqual([]);
      expect(held.token).toBe(agent?.token);
      expect(held.ca).toBe(agent?.ca);
      expect(held).not.toEqual(before);
      expect(agent?.uid === oldAgent?.uid).toBe(renewal.serviceAccountKey === false);
      expect(await readiness(sandbox, cluster)).toBe("True");
      expect(await throughRancher(cluster)).toBe(200);
    },
    LONG,
  );
});
