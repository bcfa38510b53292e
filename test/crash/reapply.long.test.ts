/**
 * A rotation that makes a missing agent anew from Rancher's registration manifest, over the cluster's own kubeconfig,
 * killed with SIGKILL at every journal entry, before it is flushed and after: the cluster has its agent, with
 * features and credentials, on the target.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { agents, pinOfServed, servedBundle } from "../helpers/estate-facts.ts";
import type { Kubeconfigs } from "../helpers/kubeconfigs.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { expectDeathEverywhere, Mortal } from "./lives.ts";

const MINUTE = 60_000;
const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };
const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const ACCOUNTS = { ...SECRETS, resource: "serviceaccounts" };

let lab: RotationLab;
let mortal: Mortal;
let plan: Plan;
let kubeconfigs: Kubeconfigs;
let account: string | undefined;

const lagos = () => lab.sandbox.cluster("lagos");
const credentials = async (): Promise<string[]> => {
  const { items } = await lagos().client.list(SECRETS);
  return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith("cattle-credentials-"));
};
const accountUid = async () => (await lagos().client.get(ACCOUNTS, "cattle"))?.metadata.uid;

beforeAll(async () => {
  [lab, mortal] = await Promise.all([startRotationLab({ clusters: [{ name: "lagos" }] }), Mortal.build()]);
  const { client, id, kubeconfig, connected } = lagos();
  account = await accountUid();
  await client.delete(DEPLOYMENTS, "cattle-cluster-agent");
  for (const name of await credentials()) await client.delete(SECRETS, name);
  await lab.sandbox.waitUntil(() => !connected(), { what: "lagos to be gone" });
  const file = join(lab.folder, "lagos.yaml");
  await writeFile(file, kubeconfig, { mode: 0o600 });
  kubeconfigs = { [id]: file };
  plan = await lab.prepare({}, lab.directory, undefined, { kubeconfigs });
});

afterAll(async () => {
  await lab?.stop();
  await mortal?.remove();
});

test(
  "a rotation that makes an agent anew and is killed at every journal entry ends with one agent, on the target",
  async () => {
    const run = await mortal.applyUntilFinished({ ...lab, kubeconfigs });
    expect(run.outcome).toMatchObject({ kind: "already-finished" });
    await lab.sandbox.waitUntilConnected();
    const served = await servedBundle(lab.sandbox);
    expect(served).toBe(plan.epochs.at(-1)?.bundle.trim());
    const pin = pinOfServed(served);
    expect((await agents(lab.sandbox)).lagos).toMatchObject({ pin, pods: [pin] });
    const deployment = JSON.stringify(await lagos().client.get(DEPLOYMENTS, "cattle-cluster-agent"));
    expect(deployment).toContain("multi-cluster-management-agent=true");
    // The registration's, which the agent itself removes after an hour, and that of Rancher's own redeploy.
    const secrets = await credentials();
    expect(secrets).toHaveLength(2);
    expect(secrets.filter((name) => deployment.includes(`"secretName":"${name}"`))).toHaveLength(1);
    expect(await accountUid()).toBe(account);
    expect(lab.sandbox.statistics().refusals).toEqual([]);

    const died = await expectDeathEverywhere(lab.directory, run);
    expect(died).toContain(`step-done ${lagos().id}/reapply-agent@current after`);
  },
  12 * MINUTE,
);
