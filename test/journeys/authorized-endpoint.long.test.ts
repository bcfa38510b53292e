/**
 * Clusters with an authorized endpoint: `plan` has Rancher make its kubeconfig while the tunnel lives, tries it, and keeps
 * it encrypted; when the tunnel is dead, the agent is moved over the endpoint. One that does not answer is passed over.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/sandbox/cluster-client.ts";
import { agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { entry, type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import { downloadKubeconfig } from "../helpers/kubeconfigs.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { presentInstead } from "../helpers/serving-pair.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";

const TOKENS = { group: "management.cattle.io", version: "v3", resource: "tokens" };
const COUNTERPARTS = {
  group: "cluster.cattle.io",
  version: "v3",
  resource: "clusterauthtokens",
  namespace: "cattle-system",
};
const ENDPOINT = "authorized cluster endpoint";

const withEndpoint = (name: string) => ({ name, authorizedEndpoint: true });

interface Planned {
  readonly clusters: { name: string; reach: string; why: string; risk?: string }[];
  readonly findings: { code: string; severity: string; target: string; sentence: string }[];
  readonly endpoints?: { clusters: string[]; sealed: { file: string } };
}

const clusterIn = (plan: Planned, name: string) => plan.clusters.find((cluster) => cluster.name === name);
const notes = ({ stdout }: Ended): string[] =>
  jsonLines(stdout).flatMap(({ type, data }) => (type === "noted" ? [data.text] : []));

/** Those of kubeconfigs, whoever has them. */
const kubeconfigTokens = async ({ sandbox }: Journey): Promise<KubeObject[]> =>
  (await sandbox.management.list(TOKENS)).items.filter(({ metadata }) => metadata.name.startsWith("kubeconfig-"));

async function expectMoved(journey: Journey): Promise<void> {
  const pin = pinOfServed(await servedBundle(journey.sandbox));
  for (const [name, facts] of Object.entries(await agents(journey.sandbox))) {
    expect(facts, name).toMatchObject({ pin, pods: [pin] });
    expect(journey.sandbox.cluster(name).connected(), name).toBe(true);
  }
}

describe("a tunnel that dies between plan and apply", () => {
  let journey: Journey;
  let plan: Planned;
  let applied: Ended;
  let made: readonly KubeObject[];
  let id: string;

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, withEndpoint("lagos"), withEndpoint("lima")] });
    const { sandbox } = journey;
    ({ id } = sandbox.cluster("lagos"));
    await setMinReadySeconds(sandbox.clusters);
    await journey.configure({ waves: { canary: ["paris"] } });
    await sandbox.inject({ kind: "endpoint-away", cluster: "lima" });
    plan = json((await journey.plan("rotation", "-o", "json")).stdout);
    made = await kubeconfigTokens(journey);
    await sandbox.inject({ kind: "offline", cluster: "lagos" });
    const run = journey.start("apply", "rotation", "--yes", "-o", "json");
    await run.line(entry("stage-entered", "spread@both"));
    // An agent cannot start while it cannot reach Rancher.
    await sandbox.inject({ kind: "offline", cluster: "lagos", seconds: 0.01 });
    applied = await run.ended;
  });
  afterAll(() => journey?.stop());

  it("has a stand-in in the plan, whose kubeconfig is kept", () => {
    expect(clusterIn(plan, "lagos")).toMatchObject({ reach: "rancher" });
    expect(clusterIn(plan, "lagos")?.why).toContain(`Should its tunnel end, its ${ENDPOINT} stands in.`);
    expect(plan.endpoints?.clusters).toEqual([id]);
  });

  it("leaves an endpoint that does not answer out, and says why", () => {
    expect(clusterIn(plan, "lima")?.why).not.toContain("stands in");
    const [found, ...others] = plan.findings.filter(({ code }) => code === "reach.endpoint");
    expect(found).toMatchObject({ severity: "warning", target: expect.stringContaining("lima") });
    expect(found?.sentence).toMatch(
      /^Its authorized cluster endpoint cannot be used: The authorized endpoint of cluster c-.* could not be reached/,
    );
    expect(others).toEqual([]);
  });

  it("is passed over, and the rotation ends", async () => {
    expect(applied.code, applied.stdout).toBe(0);
    expect(notes(applied)).toContainEqual(
      expect.stringMatching(/^Cluster lagos \(c-.*\) is reached over its authorized cluster endpoint now: /),
    );
    await expectMoved(journey);
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("leaves no token of a kubeconfig to be read in the rotation, or in what was said", async () => {
    expect(made.map(({ clusterName }) => clusterName)).toContain(id);
    const rotation = join(journey.folder, "rotation");
    const files = (await readdir(rotation, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
    for (const { metadata } of made) {
      // A token's name goes before its secret.
      expect(journey.said()).not.toContain(`${metadata.name}:`);
      for (const { parentPath, name } of files) {
        expect((await readFile(join(parentPath, name))).includes(`${metadata.name}:`), name).toBe(false);
      }
    }
  });

  it("is proved afterwards", async () => {
    const proved = await journey.farrier("prove", "rotation", "-o", "json");
    expect(proved.code, proved.stdout).toBe(0);
  });
});

describe("a flag day", () => {
  let journey: Journey;
  let plan: Planned;
  let applied: Ended;

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, withEndpoint("oslo")] });
    const { sandbox } = journey;
    await setMinReadySeconds(sandbox.clusters);
    await presentInstead(sandbox, await (await sandbox.pki.newAuthority("Forgotten")).issue());
    plan = json((await journey.plan("rotation", "--replace", "-o", "json")).stdout);
    // It dials again, and refuses the certificate that it is shown: no tunnel until the flag day is over.
    await sandbox.inject({ kind: "disconnect", cluster: "oslo" });
    await sandbox.waitUntil(() => !sandbox.cluster("oslo").connected(), { what: "oslo to be gone" });
    applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  });
  afterAll(() => journey?.stop());

  it("moves a cluster that is cut off over its endpoint (M1.11)", async () => {
    expect(plan.endpoints?.clusters).toEqual([journey.sandbox.cluster("oslo").id]);
    expect(applied.code, applied.stdout).toBe(0);
    expect(notes(applied)).toContainEqual(
      expect.stringMatching(/^Cluster oslo \(c-.*\) is reached over its authorized cluster endpoint now: /),
    );
    await expectMoved(journey);
  });
});

describe.skipIf(!sshInstalled())("an endpoint and a tunnel that do not answer", () => {
  let journey: Journey;
  let lab: SshLab;

  beforeAll(async () => {
    [lab, journey] = await Promise.all([startSshLab(), startJourney({ clusters: [withEndpoint("lagos")] })]);
    const onNode = join(lab.folder, "rke2.yaml");
    await writeFile(onNode, journey.sandbox.cluster("lagos").kubeconfig, { mode: 0o600 });
    const ssh = { host: "node", config: lab.config, kubeconfig: onNode };
    await journey.configure({ clusters: { lagos: { ssh } } });
    await journey.sandbox.inject({ kind: "endpoint-away", cluster: "lagos" });
    await journey.sandbox.inject({ kind: "offline", cluster: "lagos" });
  });
  afterAll(async () => {
    await journey?.stop();
    await lab?.stop();
  });

  it("make the plan take the next way, with the reason", async () => {
    const plan: Planned = json((await journey.plan("rotation", "-o", "json")).stdout);
    expect(clusterIn(plan, "lagos")?.reach).toBe("ssh");
    expect(clusterIn(plan, "lagos")?.why).toMatch(
      /over its node node \(SSH\): the tunnel does not answer \(.*\), and its authorized cluster endpoint does not do \(.*\)\.$/,
    );
  });
});

describe("kubeconfigs that no plan keeps", () => {
  let journey: Journey;
  const tokens = async () => (await kubeconfigTokens(journey)).map(({ metadata }) => metadata.name);
  const counterparts = async () =>
    (await journey.sandbox.cluster("lagos").client.list(COUNTERPARTS)).items.map(({ metadata }) => metadata.name);

  beforeAll(async () => {
    journey = await startJourney({ clusters: [withEndpoint("lagos"), withEndpoint("lima")] });
  });
  afterAll(() => journey?.stop());

  it("leave no token where the plan is refused", async () => {
    const { issue } = await journey.sandbox.pki.newAuthority("Elsewhere");
    await writeFile(join(journey.folder, "foreign.crt"), (await issue()).certificate);
    const flags = ["--cert", "foreign.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
    const { code, stdout } = await journey.farrier("plan", ...flags, "--out", "refused");
    expect(code).toBe(3);
    expect(stdout).toContain("key.mismatch");
    expect(await tokens()).toEqual([]);
    await journey.sandbox.waitUntil(async () => (await counterparts()).length === 0);
  });

  it("leave one only for a cluster whose endpoint does", async () => {
    await journey.sandbox.inject({ kind: "endpoint-away", cluster: "lima" });
    const plan: Planned = json((await journey.plan("rotation", "-o", "json")).stdout);
    expect(plan.endpoints?.clusters).toEqual([journey.sandbox.cluster("lagos").id]);
    expect(await tokens()).toEqual(await counterparts());
    expect(await tokens()).toHaveLength(1);
  });
});

describe("the token of an endpoint, and a kubeconfig that a person has downloaded", () => {
  let journey: Journey;
  let persons: string;
  const tokens = async () => (await kubeconfigTokens(journey)).map(({ metadata }) => metadata.name);
  const counted = (stdout: string): string[] =>
    [...stdout.matchAll(/"id": *"[^"]*\/kubeconfig\/([^"]*)"/g)].map(([, name]) => String(name));

  beforeAll(async () => {
    journey = await startJourney({ clusters: [withEndpoint("lagos")] }, { rest: "until-resumed" });
    await setMinReadySeconds(journey.sandbox.clusters);
    await downloadKubeconfig(journey.sandbox, "lagos");
    persons = String((await tokens())[0]);
    await journey.plan("rotation");
  });
  afterAll(() => journey?.stop());

  it("are told apart: only the person's is counted", async () => {
    expect(await tokens()).toHaveLength(2);
    expect(counted((await journey.farrier("observe", "-o", "json")).stdout)).toEqual([persons]);
    expect(counted((await journey.farrier("prove", "rotation", "-o", "json")).stdout)).toEqual([persons]);
  });

  it("are both there while the rotation rests", async () => {
    expect((await journey.farrier("apply", "rotation", "--yes")).code).toBe(4);
    expect(await tokens()).toHaveLength(2);
  });

  it("part at the end of a rollback: the person's is left", async () => {
    const back = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
    expect(back.code, back.stdout).toBe(0);
    expect(notes(back)).toContainEqual(
      expect.stringMatching(/^Rancher is asked to delete the tokens with which .*\.$/),
    );
    expect(await tokens()).toEqual([persons]);
  });

  it("part at the end of a rotation as well", async () => {
    await journey.configure({});
    await journey.plan("whole");
    expect(await tokens()).toHaveLength(2);
    expect((await journey.farrier("apply", "whole", "--yes")).code).toBe(0);
    expect(await tokens()).toEqual([persons]);
    const proved = await journey.farrier("prove", "whole", "-o", "json");
    expect(proved.code, proved.stdout).toBe(0);
  });

  it("is made anew for a rollback from there, and is gone after it", async () => {
    const back = await journey.farrier("rollback", "whole", "--yes", "-o", "json");
    expect(back.code, back.stdout).toBe(0);
    const plan = json(await readFile(join(journey.folder, "whole", "rollback-1.json"), "utf8"));
    expect(plan.endpoints.clusters).toEqual([journey.sandbox.cluster("lagos").id]);
    expect(await tokens()).toEqual([persons]);
    await expectMoved(journey);
  });
});

describe("a token that runs out while the rotation rests", () => {
  let journey: Journey;
  let old: string;
  let orphan: string;
  let applied: Ended;

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, withEndpoint("lagos")] }, { rest: "until-resumed" });
    const { sandbox } = journey;
    await setMinReadySeconds(sandbox.clusters);
    await journey.configure({ rest: "until-resumed", waves: { canary: ["paris"] } });
    await journey.plan("rotation");
    old = String((await kubeconfigTokens(journey))[0]?.metadata.name);
    // As if a process had died between Rancher's answer and its own next line.
    const { rotation } = json(await readFile(join(journey.folder, "rotation/plan.json"), "utf8"));
    await downloadKubeconfig(sandbox, "lagos");
    orphan = (await kubeconfigTokens(journey)).map(({ metadata }) => metadata.name).find((name) => name !== old) ?? "";
    const annotations = { "farrier/authorized-endpoint": rotation };
    await sandbox.management.patch(TOKENS, orphan, { type: "merge", body: { metadata: { annotations } } });
    expect((await journey.farrier("apply", "rotation", "--yes")).code).toBe(4);
    const body = { expiresAt: "2026-01-01T00:00:00Z" };
    await sandbox.management.patch(TOKENS, old, { type: "merge", body });
    await sandbox.cluster("lagos").client.patch(COUNTERPARTS, old, { type: "merge", body });
    const run = journey.start("resume", "rotation", "-o", "json");
    await run.line(entry("endpoint-renewed"));
    // From here on the new one is the only way.
    await sandbox.inject({ kind: "offline", cluster: "lagos" });
    await run.line(entry("stage-entered", "spread@target"));
    await sandbox.inject({ kind: "offline", cluster: "lagos", seconds: 0.01 });
    applied = await run.ended;
  });
  afterAll(() => journey?.stop());

  it("is replaced through the tunnel, and the endpoint stands in afterwards", async () => {
    expect(applied.code, applied.stdout).toBe(0);
    expect(notes(applied)).toContainEqual(
      expect.stringMatching(/^Rancher is asked for another kubeconfig for the authorized endpoint of cluster lagos/),
    );
    expect(notes(applied)).toContainEqual(
      expect.stringMatching(/^Cluster lagos \(c-.*\) is reached over its authorized cluster endpoint now: /),
    );
    await expectMoved(journey);
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("is deleted at once, and the new one at the end with one that a dead process has left, without a word of a secret", async () => {
    const [deleted] = notes(applied).filter((text) => text.startsWith("Rancher is asked to delete"));
    expect(deleted).toContain(orphan);
    expect(await kubeconfigTokens(journey)).toEqual([]);
    expect(journey.said()).not.toMatch(/kubeconfig-[a-z0-9-]+:[a-z0-9]{20}/);
  });
});

describe("an endpoint that nobody wants to use", () => {
  let journey: Journey;

  beforeAll(async () => {
    journey = await startJourney({ clusters: [withEndpoint("lagos")] }, { authorizedEndpoints: false });
  });
  afterAll(() => journey?.stop());

  it("makes no token in Rancher", async () => {
    const plan: Planned = json((await journey.plan("rotation", "-o", "json")).stdout);
    expect(plan).not.toHaveProperty("endpoints");
    expect(await kubeconfigTokens(journey)).toEqual([]);
  });
});
