import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { agentWith } from "../../test/helpers/estate-builder.ts";
import { helmReleased } from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import type { CheckInput } from "./check.ts";
import { releaseUpgrade } from "./release-upgrade.ts";
import { strictAgents } from "./strict-agents.ts";
import { readTarget } from "./target.ts";

let lab: CheckLab;
beforeAll(async () => {
  lab = await makeCheckLab();
});

/** The lab's clusters, `c-paris` and `c-lagos` strict or not, and a target for their system's own store. */
function ask(
  mode: Estate["installation"]["agentTlsMode"],
  strict: Readonly<Record<string, boolean>>,
  systemStore = true,
): CheckInput {
  const clusters = lab.estate.clusters.map((cluster) => {
    const given = strict[cluster.id];
    return given === undefined ? cluster : { ...cluster, agent: agentWith(lab.pin, { strict: given }) };
  });
  const installation = { ...lab.estate.installation, agentTlsMode: mode };
  const { chain, bundle } = lab.authority;
  return {
    ...lab.input({ clusters, installation }),
    target: readTarget({ certPem: chain, caPem: bundle, systemStore }),
  };
}

describe("a public certificate for agents that", () => {
  const rows: { name: string; input: () => CheckInput; finds: string[] }[] = [
    {
      name: "may use their system's store",
      input: () => ask("system-store", { "c-paris": false, "c-lagos": false }),
      finds: [],
    },
    {
      name: "verify strictly by the setting, and not yet by themselves",
      input: () => ask("strict", { "c-paris": false, "c-lagos": false }),
      finds: ["error target.strict-agents setting agent-tls-mode"],
    },
    {
      name: "verify strictly still, although the setting is another by now",
      input: () => ask("system-store", { "c-paris": true, "c-lagos": false }),
      finds: ["error target.strict-agents cluster c-paris (paris)"],
    },
    {
      name: "know no such setting, in an older Rancher",
      input: () => ask("none", { "c-paris": false, "c-lagos": false }),
      finds: [],
    },
    {
      name: "keep a bundle of Rancher's",
      input: () => ask("strict", { "c-paris": true, "c-lagos": true }, false),
      finds: [],
    },
  ];
  it.each(rows)("$name", ({ input, finds }) => {
    expect(summaries(strictAgents(input()))).toEqual(finds);
  });
});

describe("a release that mounts a private CA", () => {
  const withHelm = (systemStore: boolean): CheckInput => {
    const input = ask("system-store", {}, systemStore);
    const { estate } = input;
    const installation = { ...estate.installation, ...helmReleased({ privateCA: true }) };
    const access = { ...estate.access, helm: { program: "helm", problem: "missing" as const } };
    return { ...input, estate: { ...estate, installation, access } };
  };
  it("needs helm where the target is a public certificate", () => {
    expect(summaries(releaseUpgrade(withHelm(true)))).toEqual([
      "warning installation.helm-unusable release cattle-system/rancher",
    ]);
  });
  it("needs none where it is another private one", () => {
    expect(summaries(releaseUpgrade(withHelm(false)))).toEqual([]);
  });
});
