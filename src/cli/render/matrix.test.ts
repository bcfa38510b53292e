import { describe, expect, test } from "vitest";
import { agentWith, armedAgent, clusterWith, NOW, offlineCluster } from "../../../test/helpers/estate-builder.ts";
import { estateOf, overlapPlan, PIN } from "../../../test/helpers/plan-builder.ts";
import { plain, trailingBlanks } from "../../../test/helpers/terminal.ts";
import type { Cluster } from "../../estate/cluster.ts";
import { trustMatrix } from "../../estate/trust-matrix.ts";
import { renderMatrix } from "./matrix.ts";

const PLAN = overlapPlan([clusterWith("c-1", agentWith(PIN.current))]);

function rendered(clusters: readonly Cluster[], served?: string): string {
  const estate = estateOf(clusters, served === undefined ? {} : { served: [served] });
  return renderMatrix(trustMatrix(estate, PLAN.epochs, { now: NOW, minReadySeconds: 30 }), PLAN, estate);
}

const rowsOf = (text: string) =>
  plain(text)
    .trimEnd()
    .split("\n")
    .slice(2)
    .map((line) => line.split(/ {2,}/));

describe("the trust matrix for people", () => {
  test("has a column for each bundle, with its pin", () => {
    expect(rowsOf(rendered([]))[0]).toEqual([
      "CLUSTER",
      "NAME",
      "CONSUMER",
      `CURRENT ${PIN.current.slice(0, 12)}`,
      `BOTH ${PIN.both.slice(0, 12)}`,
      `TARGET ${PIN.target.slice(0, 12)}`,
    ]);
  });

  test.each<{ name: string; cluster: Cluster; cells: string[] }>([
    {
      name: "an agent that has started",
      cluster: clusterWith("c-1", agentWith(PIN.both)),
      cells: ["–", "started (declared)", "–"],
    },
    {
      name: "an agent that straddles",
      cluster: clusterWith("c-1", armedAgent(PIN.current, PIN.both)),
      cells: ["–", "armed (declared)", "–"],
    },
    { name: "an agent that could not be read", cluster: offlineCluster("c-1"), cells: ["–", "–", "–"] },
  ])("says in words what was shown: $name", ({ cluster, cells }) => {
    const row = rowsOf(rendered([cluster])).find((one) => one[2] === "cluster-agent");
    expect(row).toEqual(["c-1", "name-of-c-1", "cluster-agent", ...cells]);
  });

  test("what people hold is never proved", () => {
    const row = rowsOf(rendered([clusterWith("c-1", agentWith(PIN.target))])).find((one) => one[2] === "kubeconfig");
    expect(row?.slice(3)).toEqual(["unproved", "unproved", "unproved"]);
  });

  test.each([
    { name: "one of the plan's", served: undefined, says: "Rancher serves the bundle current." },
    { name: "another", served: "strange", says: "Rancher serves a bundle that is none of the plan's." },
  ])("begins with the bundle that is served: $name", ({ served, says }) => {
    const text = rendered([clusterWith("c-1", agentWith(PIN.current))], served);
    expect(plain(text).split("\n")[0]).toBe(says);
    expect(trailingBlanks(text.trimEnd().replaceAll("\n\n", "\n"))).toEqual([]);
  });
});
