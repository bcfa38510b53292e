/** A cluster whose agent was deleted, and that has a kubeconfig: the agent is made anew, and the rotation goes on. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };
const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const ACCOUNTS = { group: "", version: "v1", resource: "serviceaccounts", namespace: "cattle-system" };

describe("a cluster whose agent is gone", () => {
  let journey: Journey;
  let plan: {
    clusters: { name: string; why: string }[];
    stages: { id: string; waves: { steps: { id: string }[] }[] }[];
  };
  let applied: Ended;
  let account: string | undefined;
  let id: string;

  const lagos = () => journey.sandbox.cluster("lagos").client;

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, { name: "lagos" }] });
    ({ id } = journey.sandbox.cluster("lagos"));
    await writeFile(join(journey.folder, "lagos.yaml"), journey.sandbox.cluster("lagos").kubeconfig, { mode: 0o600 });
    await journey.configure({ waves: { canary: ["paris"] }, clusters: { lagos: { kubeconfig: "lagos.yaml" } } });
    await lagos().delete(DEPLOYMENTS, "cattle-cluster-agent");
    const { items } = await lagos().list(SECRETS);
    const credentials = items.filter(({ metadata }) => metadata.name.startsWith("cattle-credentials-"));
    for (const { metadata } of credentials) await lagos().delete(SECRETS, metadata.name);
    await journey.sandbox.waitUntil(() => !journey.sandbox.cluster("lagos").connected(), { what: "lagos to be gone" });
    account = (await lagos().get(ACCOUNTS, "cattle"))?.metadata.uid;
    plan = json((await journey.plan("rotation", "-o", "json")).stdout);
    applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  });
  afterAll(() => journey?.stop());

  it("is planned to get it back before anything else happens to it", () => {
    const steps = plan.stages.flatMap(({ waves }) => waves.flatMap((wave) => wave.steps)).map((step) => step.id);
    const own = steps.filter((step) => step.startsWith(`${id}/`));
    expect(own.slice(0, 2)).toEqual([`${id}/reapply-agent@current`, `${id}/arm-agent@both`]);
    expect(steps.filter((step) => step.includes("/reapply-agent"))).toHaveLength(1);
    expect(plan.clusters.find(({ name }) => name === "lagos")?.why).toMatch(
      /Deployment is missing.*registration manifest/,
    );
  });

  it("is rotated with the others", async () => {
    expect(applied.code, applied.stdout).toBe(0);
    expect(jsonLines(applied.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect((await agents(journey.sandbox)).lagos).toMatchObject({ pin, pods: [pin] });
    expect(journey.sandbox.cluster("lagos").connected()).toBe(true);
  });

  it("has an agent with its features, and what was there already is as it was (M1.12)", async () => {
    const deployment = JSON.stringify(await lagos().get(DEPLOYMENTS, "cattle-cluster-agent"));
    expect(deployment).toContain("multi-cluster-management-agent=true");
    expect((await lagos().get(ACCOUNTS, "cattle"))?.metadata.uid).toBe(account);
  });

  it("leaves no registration token in the journal or on the terminal", async () => {
    const { items } = await lagos().list(SECRETS);
    const credentials = items.find(({ metadata }) => metadata.name.startsWith("cattle-credentials-"));
    const token = Buffer.from(String(Object(credentials?.data).token), "base64").toString();
    expect(token).toHaveLength(54);
    expect(journey.said()).not.toContain(token);
    expect(await readFile(join(journey.folder, "rotation/journal.jsonl"), "utf8")).not.toContain(token);
  });
});

describe("agents whose credentials are gone, their Deployments being there", () => {
  let journey: Journey;
  let plan: {
    clusters: { name: string; why: string }[];
    findings: { code: string; target: string }[];
    stages: { id: string; waves: { steps: { id: string; says: string }[] }[] }[];
  };
  let applied: Ended;
  const before = new Map<string, { uid: string; secret: string }>();

  const client = (name: string) => journey.sandbox.cluster(name).client;
  const idOf = (name: string) => journey.sandbox.cluster(name).id;
  const credentialsIn = async (name: string): Promise<string[]> => {
    const { items } = await client(name).list(SECRETS);
    return items.map(({ metadata }) => metadata.name).filter((secret) => secret.startsWith("cattle-credentials-"));
  };
  const stepsOf = (name: string) =>
    plan.stages
      .flatMap(({ waves }) => waves.flatMap(({ steps }) => steps))
      .filter(({ id }) => id.startsWith(`${idOf(name)}/`));

  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }, { name: "lagos" }, { name: "oslo" }] });
    const { sandbox } = journey;
    await setMinReadySeconds(sandbox.clusters);
    await writeFile(join(journey.folder, "lagos.yaml"), sandbox.cluster("lagos").kubeconfig, { mode: 0o600 });
    await journey.configure({ waves: { canary: ["paris"] }, clusters: { lagos: { kubeconfig: "lagos.yaml" } } });
    const limits = { containers: [{ name: "cluster-register", resources: { limits: { memory: "1Gi" } } }] };
    const body = { spec: { template: { spec: limits } } };
    await client("lagos").patch(DEPLOYMENTS, "cattle-cluster-agent", { type: "strategic", body });
    await sandbox.waitUntilConnected("lagos");
    for (const name of ["lagos", "oslo"]) {
      const deployment = await client(name).get(DEPLOYMENTS, "cattle-cluster-agent");
      const [secret = ""] = await credentialsIn(name);
      before.set(name, { uid: deployment?.metadata.uid ?? "", secret });
      await client(name).delete(SECRETS, secret);
    }
    // Its next pod cannot start; the other cluster's goes on with what it has.
    await sandbox.restartAgent("lagos");
    await sandbox.waitUntil(() => !sandbox.cluster("lagos").connected(), { what: "lagos to be gone" });
    plan = json((await journey.plan("rotation", "-o", "json")).stdout);
    applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  });
  afterAll(() => journey?.stop());

  it("are found, and nothing else is done to them before they are whole", () => {
    expect(stepsOf("lagos").map(({ id }) => id)).toEqual(
      expect.arrayContaining([`${idOf("lagos")}/reapply-agent@current`, `${idOf("lagos")}/arm-agent@both`]),
    );
    expect(stepsOf("lagos")[0]?.says).toContain(`Make the missing Secret ${before.get("lagos")?.secret}`);
    expect(stepsOf("oslo")[0]?.id).toBe(`${idOf("oslo")}/redeploy-agent@current`);
    const found = plan.findings.filter(({ code }) => code === "agent.credentials-missing");
    expect(found.map(({ target }) => target).sort()).toEqual(
      [`cluster ${idOf("lagos")} (lagos)`, `cluster ${idOf("oslo")} (oslo)`].sort(),
    );
  });

  it.each([
    ["lagos", /over its kubeconfig .*The Secret cattle-credentials-\w+ that its pods mount is missing.*registration/],
    ["oslo", /through Rancher\. The Secret cattle-credentials-\w+ that its pods mount is missing.*Rancher redeploys/],
  ])("%s is told of with the reason", (name, why) => {
    expect(plan.clusters.find((cluster) => cluster.name === name)?.why).toMatch(why);
  });

  it("are rotated with the others", async () => {
    expect(applied.code, applied.stdout).toBe(0);
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    for (const name of ["lagos", "oslo"]) {
      expect((await agents(journey.sandbox))[name], name).toMatchObject({ pin, pods: [pin] });
      expect(journey.sandbox.cluster(name).connected(), name).toBe(true);
    }
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("have the Secret that their Deployments mount, and the Deployments that they had", async () => {
    for (const [name, { uid, secret }] of before) {
      expect(await credentialsIn(name), name).toEqual([secret]);
      expect((await client(name).get(DEPLOYMENTS, "cattle-cluster-agent"))?.metadata.uid, name).toBe(uid);
    }
    const lagos = JSON.stringify(await client("lagos").get(DEPLOYMENTS, "cattle-cluster-agent"));
    expect(lagos).toContain("multi-cluster-management-agent=true");
    expect(lagos).toContain('"limits":{"memory":"1Gi"}');
  });
});
