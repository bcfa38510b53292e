import { describe, expect, it } from "vitest";
import { agentWith, clusterWith } from "../../../test/helpers/estate-builder.ts";
import { overlapPlan, PIN } from "../../../test/helpers/plan-builder.ts";
import { epochNamed } from "../reading.ts";
import type { PlannedValue, ReleaseChangeName } from "../release.ts";
import { upgradeRelease } from "./upgrade-release.ts";

const plan = overlapPlan([clusterWith("c-1", agentWith(PIN.current))]);
const served = epochNamed(plan, "both");
/** As where agents trust their system's own store: Rancher serves no bundle. */
const none = { ...served, bundle: "", pin: "", systemRoots: "the roots" };

function step(change: ReleaseChangeName, values: readonly PlannedValue[], epoch = served) {
  const chart = { name: "rancher", version: "2.13.1" };
  const release = {
    name: "rancher",
    namespace: "cattle-system",
    chart,
    changes: [{ name: change, values: [...values] }],
  };
  return upgradeRelease({ ...plan, release }, change, epoch);
}

const mounts: PlannedValue = { path: "privateCA", to: true };
const own: PlannedValue = { path: "ingress.tls.source", to: "secret" };
const chartsOwn: PlannedValue = { path: "privateCA", from: true };

describe("what an upgrade of Rancher's release says", () => {
  const rows: [string, ReturnType<typeof step>, string][] = [
    [
      "with the bundle",
      step("private-ca", [mounts]),
      "Create Secret cattle-system/tls-ca with the bundle with both authorities, and upgrade Helm release " +
        "cattle-system/rancher with privateCA=true; its chart and all other values stay.",
    ],
    [
      "with the certificate",
      step("own-certificate", [own]),
      "Upgrade Helm release cattle-system/rancher with ingress.tls.source=secret; its chart and all other values stay.",
    ],
    [
      "without a bundle from then on",
      step("no-private-ca", [{ path: "privateCA", to: false }, own], none),
      "Upgrade Helm release cattle-system/rancher with privateCA=false and ingress.tls.source=secret, so that Rancher " +
        "serves no bundle; its chart and all other values stay.",
    ],
    [
      "back to what was given",
      step("as-before", [chartsOwn]),
      "Upgrade Helm release cattle-system/rancher with the chart's own privateCA; its chart and all other values stay.",
    ],
    [
      "back to what was given, which was no bundle",
      step("as-before", [chartsOwn], none),
      "Upgrade Helm release cattle-system/rancher with the chart's own privateCA, so that Rancher serves no bundle; " +
        "its chart and all other values stay.",
    ],
  ];
  it.each(rows)("%s", (_, { says }, expected) => {
    expect(says).toBe(expected);
  });
});

describe("how a person would upgrade it by hand", () => {
  const commands = (...asked: Parameters<typeof step>): readonly string[] => step(...asked).manual.commands;

  it("keeps all values where some are only added", () => {
    const all = commands("own-certificate", [own, { path: "gateway.gatewayClass.tls.source", to: "secret" }]);
    expect(all).toEqual([
      "helm -n cattle-system get values rancher  # all of these stay",
      "# CHART is a chart of that very version: repository/rancher, a directory, or a .tgz file.",
      "helm -n cattle-system upgrade rancher CHART --version 2.13.1 --reuse-values --set ingress.tls.source=secret " +
        "--set gateway.gatewayClass.tls.source=secret",
    ]);
  });

  it("gives all but those that go, from a file that nobody else reads", () => {
    const all = commands("as-before", [chartsOwn, { path: "ingress.tls.source", from: "secret", to: "rancher" }]);
    expect(all.slice(0, 5)).toEqual([
      "# They may hold passwords; umask keeps them to yourself.",
      "umask 077; helm -n cattle-system get values rancher -o yaml > values.yaml",
      "# Take away in values.yaml: privateCA. All others stay.",
      "# CHART is a chart of that very version: repository/rancher, a directory, or a .tgz file.",
      "helm -n cattle-system upgrade rancher CHART --version 2.13.1 --reset-values --values values.yaml " +
        "--set ingress.tls.source=rancher; rm -f values.yaml",
    ]);
  });

  it("makes the bundle's Secret before Rancher's pods want it", () => {
    const all = commands("private-ca", [mounts]);
    const made = all.findIndex((line) => line.startsWith("kubectl -n cattle-system create secret generic tls-ca"));
    expect(made).toBeGreaterThanOrEqual(0);
    expect(made).toBeLessThan(all.findIndex((line) => line.includes(" upgrade rancher ")));
    for (const change of ["own-certificate", "no-private-ca", "as-before"] as const) {
      expect(commands(change, [own]).join()).not.toContain("create secret");
    }
  });

  const waits: [ReleaseChangeName, boolean][] = [
    ["private-ca", true],
    ["own-certificate", false],
    ["no-private-ca", true],
    ["as-before", true],
  ];
  it.each(waits)("for %s, waits and compares what is served: %s; it restarts nothing", (change, compares) => {
    const all = commands(change, [own]).join("\n");
    expect(all.includes("rollout status deployment/rancher")).toBe(compares);
    expect(all.includes("/v3/settings/cacerts")).toBe(compares);
    expect(all).not.toContain("rollout restart");
  });
});

describe("what the account must be allowed to", () => {
  const rows: [ReleaseChangeName, boolean][] = [
    ["private-ca", false],
    ["own-certificate", true],
    ["no-private-ca", true],
    ["as-before", true],
  ];
  it.each(rows)("for %s, the chart's Issuer goes: %s", (change, goes) => {
    expect(step(change, [own]).permissions.includes("delete issuers.cert-manager.io cattle-system")).toBe(goes);
  });
});
