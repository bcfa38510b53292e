/** Refreshes of clusters whose control planes are Kubernetes' own: whatever runs the pods. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { conditionStatus } from "../../../src/sandbox/rancher/cluster-status.ts";
import { CLUSTERS } from "../../../src/sandbox/rancher/resources.ts";
import { waitUntil } from "../../../src/sandbox/scenario/waiting.ts";
import { type Journey, json, jsonLines } from "../../helpers/journey.ts";
import { tokensIn } from "../../helpers/renewed-cluster.ts";
import type { RealEstate } from "../control-plane/real-estate.ts";

const MINUTE = 60_000;

export interface Refreshed {
  readonly journey: Journey<RealEstate>;
  readonly estate: RealEstate;
}

/** A cluster's name, what is shown, and what is changed beforehand. */
type Row = readonly [
  name: string,
  what: string,
  /** `ca`: not only the service-account key. `reported`: Rancher hears what the agent reports. */
  renewal: { readonly ca: boolean; readonly reported: boolean },
];

/** @param subject asked when the tests run */
export function refreshes(subject: () => Refreshed, rows: readonly Row[]): void {
  const clusterCalled = (name: string) => {
    const found = subject().estate.clusters.find((cluster) => cluster.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };

  const untilNotReady = (id: string) => {
    const look = async () => {
      const object = await subject().estate.management.get(CLUSTERS, id);
      return object !== undefined && conditionStatus(object, "Ready") === "False";
    };
    return waitUntil(look, { what: "Ready=False", seconds: 300 });
  };

  /** Puts the kubeconfig of now beside, and refreshes. */
  const refresh = async (name: string, directory: string) => {
    const { journey, estate } = subject();
    const file = `${directory}.yaml`;
    await writeFile(join(journey.folder, file), estate.kubeconfig(name), { mode: 0o600 });
    const flags = ["--cluster-kubeconfig", file, "--out", directory, "--yes", "-o", "json"];
    return await journey.farrier("refresh", name, ...flags);
  };

  test.each(rows)(
    "%s: %s",
    async (name, _what, { ca, reported }) => {
      const { estate } = subject();
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
}
