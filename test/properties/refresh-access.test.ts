/**
 * Clusters of which anything may be stale or missing, on both sides: after a refresh everything is the cluster's own and a
 * person's way works, or it was refused for a reason and nothing was changed.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClusterLook } from "../../src/execute/prepare-refresh.ts";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import { type RefreshLab, startRefreshLab } from "../helpers/refresh-lab.ts";
import { heldByRancher, readiness, renewCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { ask, CLUSTERS, must, SECRETS } from "../sandbox/estate.ts";

/** `FARRIER_PROPERTY_SEED` runs the clusters of that number again. */
const SEED = Number(process.env.FARRIER_PROPERTY_SEED ?? 20_261_126);
const AT_ONCE = 10;

/** What has happened to one cluster. */
const mishap = fc.record({
  serviceAccountKey: fc.boolean(),
  ca: fc.boolean(),
  agent: fc.constantFrom("restarts" as const, "stays" as const),
  secretsFollow: fc.boolean(),
  reported: fc.boolean(),
  heldCa: fc.constantFrom("kept" as const, "gone" as const, "garbage" as const),
  heldToken: fc.constantFrom("kept" as const, "unnamed" as const, "missing" as const),
  agentToken: fc.constantFrom("kept" as const, "deleted" as const, "garbage" as const),
  personToken: fc.constantFrom("kept" as const, "deleted" as const, "garbage" as const),
  /** One in five clusters has lost what the agent is known by: that is no refresh's business. */
  account: fc.constantFrom("kept" as const, "kept" as const, "kept" as const, "kept" as const, "deleted" as const),
});
type Mishap = typeof mishap extends fc.Arbitrary<infer T> ? T : never;

const MISHAPS = fc.sample(mishap, { seed: SEED, numRuns: AT_ONCE });
const PERSONS = { ...SECRETS, namespace: "cattle-impersonation-system" };
const GLOBAL = { ...SECRETS, namespace: "cattle-global-data" };
const GARBAGE = Buffer.from("of.be.fore").toString("base64");

let lab: RefreshLab;
let looks: readonly ClusterLook[];
/** As it was when it was looked at, by id. */
const before = new Map<string, string>();
const writes: string[] = [];

/** Everything that a refresh may change, in one text. */
async function snapshot({ id, client }: SandboxCluster): Promise<string> {
  const status = (await lab.sandbox.management.get(CLUSTERS, id))?.status;
  const fields = ["caCert", "serviceAccountToken", "serviceAccountTokenSecret"];
  const held = Object.entries(Object(status)).filter(([name]) => fields.includes(name));
  const secrets = await Promise.all([SECRETS, PERSONS].map(async (ref) => (await client.list(ref)).items));
  return JSON.stringify([held, secrets]);
}

async function befall(cluster: SandboxCluster, what: Mishap): Promise<void> {
  const { sandbox } = lab;
  const { management } = sandbox;
  const patchStatus = (status: object) =>
    management.patch(CLUSTERS, cluster.id, { type: "merge", body: { status }, subresource: "status" });
  const { serviceAccountKey, ca, agent, secretsFollow, reported } = what;
  if (serviceAccountKey || ca) {
    await renewCluster(sandbox, cluster, { serviceAccountKey, ca, agent, secretsFollow, reported });
  }
  if (what.heldCa !== "kept") await patchStatus({ caCert: what.heldCa === "gone" ? "" : GARBAGE });
  const { secret } = await heldByRancher(sandbox, cluster);
  if (what.heldToken === "missing" && secret !== undefined) await management.delete(GLOBAL, secret);
  if (what.heldToken === "unnamed") await patchStatus({ serviceAccountTokenSecret: "" });
  await spoil(cluster, "agent", what.agentToken);
  await spoil(cluster, "persons", what.personToken);
  const accounts = { ...SECRETS, resource: "serviceaccounts" };
  if (what.account === "deleted") await cluster.client.delete(accounts, "cattle");
}

async function spoil(cluster: SandboxCluster, of: "agent" | "persons", how: Mishap["agentToken"]): Promise<void> {
  const ref = of === "agent" ? SECRETS : PERSONS;
  const [token] = await tokensIn(cluster, of);
  if (token === undefined || how === "kept") return;
  if (how === "deleted") await cluster.client.delete(ref, token.name);
  else await cluster.client.patch(ref, token.name, { type: "merge", body: { data: { token: GARBAGE } } });
}

beforeAll(async () => {
  lab = await startRefreshLab({ clusters: AT_ONCE, speed: 100 });
  const { sandbox, clusters } = lab;
  // Each person's account is there once they have asked.
  for (const { id } of clusters) await ask(sandbox, `/k8s/clusters/${id}/api/v1/namespaces`);
  for (const [index, cluster] of clusters.entries()) await befall(cluster, must(MISHAPS[index]));
  for (const cluster of clusters) before.set(cluster.id, await snapshot(cluster));
  sandbox.managementServer.audit.onEntry((entry) => {
    if (isWrite(entry) && !entry.user.startsWith("system:")) writes.push(`${entry.resource}/${entry.name}`);
  });
  looks = await lab.look();
  const stale = clusters.filter(({ id }) => looks.some((look) => look.id === id && look.stale !== undefined));
  expect(stale.length).toBeGreaterThan(1);
  await lab.prepare(stale);
  const outcome = await lab.apply({ patience: 0.2 });
  expect(outcome).toEqual({ kind: "finished", worldChanged: true });
}, 300_000);

afterAll(() => lab.stop());

describe(`clusters of seed ${SEED}`, () => {
  test.each(MISHAPS.map((what, index) => [index, JSON.stringify(what)] as const))("%i: %s", async (index) => {
    const cluster = must(lab.clusters[index]);
    const { id } = cluster;
    const look = must(looks.find((one) => one.id === id));
    const errors = look.findings.filter(({ severity }) => severity === "error");
    if (errors.length > 0) {
      expect(must(MISHAPS[index]).account).toBe("deleted");
      // An agent that has started anew since has made itself another account of that name.
      expect(errors).toEqual([
        expect.objectContaining({ code: expect.stringMatching(/^refresh\.(no-agent|recreated)$/) }),
      ]);
      expect(errors[0]?.sentence).toContain(id);
      expect(await snapshot(cluster)).toBe(before.get(id));
      expect(writes.filter((name) => name.includes(id))).toEqual([]);
      return;
    }
    const held = await heldByRancher(lab.sandbox, cluster);
    const tokens = await tokensIn(cluster);
    expect(cluster.kubeconfig).toContain(Buffer.from(held.ca).toString("base64"));
    expect(tokens.map(({ token }) => token)).toContain(held.token);
    for (const { ca } of tokens) expect(ca).toBe(held.ca);
    expect(await readiness(lab.sandbox, cluster)).toBe("True");
    expect((await ask(lab.sandbox, `/k8s/clusters/${id}/api/v1/namespaces`)).status).toBe(200);
  });
});
