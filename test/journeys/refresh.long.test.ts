import { afterEach, describe, expect, test } from "vitest";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import {
  heldByRancher,
  kubeconfigFlags,
  type Renewal,
  readiness,
  renewCluster,
  tokensIn,
} from "../helpers/renewed-cluster.ts";
import { at, CLUSTERS, must, SECRETS } from "../sandbox/estate.ts";

const LONG = 5 * 60_000;

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
  ["the service-account key (M2.5, M2.6, M2.7, M2.8)", {}],
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
      // As it stands in the Secret, and not decoded: base64 of the PEM, which the cluster's object holds (M2.7).
      const secret = await cluster.client.get(SECRETS, agent?.name ?? "");
      const status = (await sandbox.management.get(CLUSTERS, cluster.id))?.status;
      expect(at({ status }, "status").caCert).toBe(at(must(secret), "data")["ca.crt"]);
      expect(held.token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(held).not.toEqual(before);
      expect(agent?.uid === oldAgent?.uid).toBe(renewal.serviceAccountKey === false);
      expect(await readiness(sandbox, cluster)).toBe("True");
      expect(await throughRancher(cluster)).toBe(200);
    },
    LONG,
  );
});

test(
  "planned first and applied later, by the kubeconfig in farrier.yaml; then there is nothing to roll back or to refresh",
  async () => {
    const cluster = await start();
    const { sandbox, folder, farrier, configure } = journey;
    await renewCluster(sandbox, cluster);
    const [, file] = await kubeconfigFlags(folder, cluster);
    await configure({ clusters: { [cluster.name]: { kubeconfig: file } } });
    const held = await heldByRancher(sandbox, cluster);
    const planned = await farrier("refresh", cluster.name, "--plan");
    expect(planned.code, planned.stderr).toBe(0);
    expect(planned.stdout).toMatch(/^Refresh r-\d{8}-[0-9a-f]{8} {2}refresh, https:/);
    expect(planned.stdout).toMatch(/Secret cattle-system\/cattle-token-\w{5} +stale/);
    expect(planned.stderr).toContain("farrier apply refresh");
    expect(await heldByRancher(sandbox, cluster)).toEqual(held);

    expect(await farrier("refresh", cluster.name, "--yes")).toMatchObject({ code: 2, stdout: "" });
    expect(journey.said()).toContain("[rotation.exists]");
    expect((await farrier("apply", "refresh", "--yes")).code).toBe(0);
    expect(await throughRancher(cluster)).toBe(200);
    expect((await farrier("status", "refresh")).stdout).toMatch(/refresh +5 of 5/);
    expect((await farrier("report", "--verify", "refresh")).code).toBe(0);

    const back = await farrier("rollback", "refresh", "--yes");
    expect(back).toMatchObject({ code: 2, stdout: "" });
    expect(back.stderr).toMatch(/A refresh has no way back.*\[plan\.no-procedure\]\nhint.*farrier restore/);
    const again = await farrier("refresh", cluster.name, "--yes", "-o", "json");
    expect({ code: again.code, ...json(again.stdout).outcome }).toEqual({ code: 0, kind: "nothing-stale" });
  },
  LONG,
);

test(
  "no token of a cluster is in anything that was said",
  async () => {
    const cluster = await start();
    const { sandbox, folder, farrier } = journey;
    const secret = (token: string) => token.split(".")[2] ?? "";
    const tokens = async () => [...(await tokensIn(cluster)), ...(await tokensIn(cluster, "persons"))];
    const before = await tokens();
    await renewCluster(sandbox, cluster, { ca: true });
    const flags = await kubeconfigFlags(folder, cluster);
    for (const args of [
      ["--plan", "-o", "json"],
      ["--plan", "--out", "again"],
    ]) {
      expect((await farrier("refresh", cluster.name, ...flags, ...args)).code).toBe(0);
    }
    expect((await farrier("apply", "refresh", "--yes", "-o", "json")).code).toBe(0);
    expect((await farrier("report", "refresh", "-o", "json")).code).toBe(0);
    const all = [...before, ...(await tokens())].map(({ token }) => secret(token));
    expect(all.length).toBeGreaterThan(2);
    for (const one of all) {
      expect(one).toMatch(/^[\w-]{80,}$/);
      expect(journey.said()).not.toContain(one.slice(0, 20));
    }
  },
  LONG,
);
