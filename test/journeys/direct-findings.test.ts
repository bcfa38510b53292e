/** Kubeconfigs in `farrier.yaml` that would not do: each is found, with its reason, before anything is changed. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

const LOOK = { verbs: ["get", "list", "watch"], apiGroups: ["", "apps"], resources: ["*"] };

interface Found {
  readonly code: string;
  readonly severity: string;
  readonly target: string;
  readonly sentence: string;
}

let journey: Journey;
let checked: Ended;
let observed: Ended;

beforeAll(async () => {
  const names = ["paris", "lagos", "oslo", "lima", "cairo", "quito", "accra", "delhi"];
  journey = await startJourney({ clusters: names.map((name) => ({ name })) });
  const { sandbox, folder } = journey;
  const own = (name: string) => sandbox.cluster(name).kubeconfig;
  const files: Readonly<Record<string, string>> = {
    paris: own("paris"),
    lagos: own("lagos").replace(/token: .*/, "token: of-last-year"),
    oslo: own("paris"),
    lima: own("lima").replace(/server: .*/, `server: ${sandbox.serverUrl}/k8s/clusters/${sandbox.cluster("lima").id}`),
    cairo: sandbox.cluster("cairo").kubeconfigAs([]),
    quito: sandbox.cluster("quito").kubeconfigAs([LOOK]),
    accra: own("accra").replace(/server: .*/, "server: https://127.0.0.1:1"),
    delhi: sandbox.managementKubeconfig,
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, `${name}.yaml`), text)));
  const clusters = Object.fromEntries(names.map((name) => [name, { kubeconfig: `${name}.yaml` }]));
  // By display name or by id: both name a cluster.
  const { delhi, ...others } = clusters;
  await journey.configure({ clusters: { ...others, [sandbox.cluster("delhi").id]: delhi } });
  // Nothing is known of it over the tunnel, so that its kubeconfig has to show by itself whose it is.
  await sandbox.inject({ kind: "offline", cluster: "oslo" });
  [checked, observed] = await Promise.all([journey.farrier("check", "-o", "json"), journey.farrier("observe")]);
});

afterAll(() => journey?.stop());

const found = (name: string): Found[] =>
  json(checked.stdout).findings.filter(
    ({ code, target }: Found) => code.startsWith("reach.") && target.includes(`(${name})`),
  );

describe("a check tries every kubeconfig that is named for a cluster", () => {
  it.each([
    ["whose credentials have expired", "lagos", "warning reach.expired", /kubeconfig lagos\.yaml .*401/],
    [
      "that leads to another cluster",
      "oslo",
      "error reach.other-cluster",
      /leads to the cluster that Rancher calls c-/,
    ],
    ["that leads through Rancher", "lima", "error reach.through-rancher", /leads through Rancher/],
    ["whose account may read nothing", "cairo", "warning reach.forbidden", /403/],
    [
      "whose account may read and not write",
      "quito",
      "warning reach.may-not",
      /may not: patch deployments.apps cattle-system, delete pods/,
    ],
    ["whose server does not answer", "accra", "warning reach.unreachable", /ECONNREFUSED/],
    ["of the management cluster", "delhi", "error reach.other-cluster", /leads to the management cluster/],
  ])("%s", (_, name, summary, says) => {
    expect(found(name).map(({ severity, code }) => `${severity} ${code}`)).toEqual([summary]);
    expect(found(name)[0]?.sentence).toMatch(says);
  });

  it("and has nothing to say of one that would do", () => {
    expect(found("paris")).toEqual([]);
  });

  it("refuses planning while one of them is wrong", async () => {
    expect(checked.code).toBe(3);
    const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
    const planned = await journey.farrier("plan", ...files, "--out", "rotation");
    expect(planned.code).toBe(3);
  });

  it("shows no token of them", () => {
    expect(journey.said()).not.toContain("of-last-year");
  });
});

it("observe shows a cluster that no way leads to, and gives each way's reason", () => {
  const { id } = journey.sandbox.cluster("oslo");
  expect(observed.stdout).toMatch(
    new RegExp(`not seen +cluster ${id}: .*answered 500.*kubeconfig oslo\\.yaml is not used`),
  );
});

describe("settings that name no such way", () => {
  it.each([
    ["a context without its kubeconfig", { paris: { context: "paris" } }, "input.invalid", /context .* no kubeconfig/],
    [
      "a cluster that there is not",
      { berlin: { kubeconfig: "paris.yaml" } },
      "input.cluster-unknown",
      /no cluster berlin/,
    ],
    ["the management cluster", { local: { kubeconfig: "paris.yaml" } }, "input.invalid", /is the management cluster/],
  ])("are refused: %s", async (_, clusters, code, says) => {
    await journey.configure({ clusters });
    const ended = await journey.farrier("observe");
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(`[${code}]`);
    expect(ended.stderr).toMatch(says);
  });
});
