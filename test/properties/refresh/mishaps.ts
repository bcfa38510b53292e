/** What may have happened to a cluster before a refresh, by which way it is reached, and what tells of both sides. */
import { request } from "node:https";
import fc from "fast-check";
import { parse } from "yaml";
import type { SandboxCluster } from "../../../src/sandbox/sandbox.ts";
import type { RefreshLab } from "../../helpers/refresh-lab.ts";
import { heldByRancher, renewCluster, type TokenInCluster, tokensIn } from "../../helpers/renewed-cluster.ts";
import { CLUSTERS, must, PODS, SECRETS } from "../../sandbox/estate.ts";

/** A version of Rancher, and one of Kubernetes that it was used with. */
export interface Versions {
  readonly rancher: string;
  readonly kubernetes: string;
}

/**
 * - `kubeconfig`: of now. `node`: that on a control-plane node, over SSH.
 * - `of-before`: made before the change, and no other. `of-before-first`: that, and then one of now.
 */
export type Reach = "kubeconfig" | "node" | "of-before" | "of-before-first";

const mishap = fc.record({
  serviceAccountKey: fc.boolean(),
  ca: fc.boolean(),
  agent: fc.constantFrom("restarts" as const, "stays" as const),
  secretsFollow: fc.boolean(),
  reported: fc.boolean(),
  heldCa: fc.constantFrom("kept" as const, "gone" as const, "garbage" as const),
  heldToken: fc.constantFrom("kept" as const, "unnamed" as const, "missing" as const),
  agentToken: fc.constantFrom("kept" as const, "kept" as const, "deleted" as const, "garbage" as const),
  personToken: fc.constantFrom("kept" as const, "kept" as const, "deleted" as const, "garbage" as const),
  /** One in five clusters has lost what the agent is known by: that is no refresh's business. */
  account: fc.constantFrom("kept" as const, "kept" as const, "kept" as const, "kept" as const, "deleted" as const),
  /** A pod beside the agent's that pins another bundle than Rancher serves. */
  stray: fc.constantFrom("none" as const, "none" as const, "agent" as const, "node-agent" as const),
  reach: fc.constantFrom<Reach>("kubeconfig", "node", "of-before", "of-before-first"),
});
export type Mishap = typeof mishap extends fc.Arbitrary<infer T> ? T : never;

export function mishapsOf(seed: number, count: number): readonly Mishap[] {
  return fc.sample(mishap, { seed, numRuns: count });
}

const GLOBAL = { ...SECRETS, namespace: "cattle-global-data" };
const PERSONS = { ...SECRETS, namespace: "cattle-impersonation-system" };
const ACCOUNTS = { ...SECRETS, resource: "serviceaccounts" };
const GARBAGE = Buffer.from("of.be.fore").toString("base64");
const OTHER_PIN = "f".repeat(64);

/** Rancher ≥ 2.15 has a status subresource, and a plain patch of the status changes nothing. */
function patchStatus({ sandbox }: RefreshLab, { id }: SandboxCluster, versions: Versions, status: object) {
  const at = versions.rancher.startsWith("2.15") ? { subresource: "status" as const } : {};
  return sandbox.management.patch(CLUSTERS, id, { type: "merge", body: { status }, ...at });
}

export async function befall(
  lab: RefreshLab,
  cluster: SandboxCluster,
  what: Mishap,
  versions: Versions,
): Promise<void> {
  const { sandbox } = lab;
  const { serviceAccountKey, ca, agent, secretsFollow, reported } = what;
  if (serviceAccountKey || ca) {
    await renewCluster(sandbox, cluster, { serviceAccountKey, ca, agent, secretsFollow, reported });
  }
  if (what.heldCa !== "kept") {
    await patchStatus(lab, cluster, versions, { caCert: what.heldCa === "gone" ? "" : GARBAGE });
  }
  await loseHeldToken(lab, cluster, what, versions);
  await spoil(cluster, "agent", what.agentToken);
  await spoil(cluster, "persons", what.personToken);
  if (what.stray !== "none") await addStray(cluster, what.stray);
  if (what.account === "deleted") await cluster.client.delete(ACCOUNTS, "cattle");
}

async function loseHeldToken(lab: RefreshLab, cluster: SandboxCluster, what: Mishap, versions: Versions) {
  if (what.heldToken === "kept") return;
  const { secret } = await heldByRancher(lab.sandbox, cluster);
  if (secret === undefined) await patchStatus(lab, cluster, versions, { serviceAccountToken: "" });
  else if (what.heldToken === "missing") await lab.sandbox.management.delete(GLOBAL, secret);
  else await patchStatus(lab, cluster, versions, { serviceAccountTokenSecret: "" });
}

async function spoil(cluster: SandboxCluster, of: "agent" | "persons", how: Mishap["agentToken"]): Promise<void> {
  const ref = of === "agent" ? SECRETS : PERSONS;
  const [token] = await tokensIn(cluster, of);
  if (token === undefined || how === "kept") return;
  if (how === "deleted") await cluster.client.delete(ref, token.name);
  else await cluster.client.patch(ref, token.name, { type: "merge", body: { data: { token: GARBAGE } } });
}

async function addStray({ client }: SandboxCluster, of: "agent" | "node-agent"): Promise<void> {
  const name = of === "agent" ? "cattle-cluster-agent-of-a-rotation" : "cattle-node-agent-of-before";
  const env = [{ name: "CATTLE_CA_CHECKSUM", value: OTHER_PIN }];
  await client.create(PODS, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "cattle-system" },
    spec: { serviceAccountName: "cattle", containers: [{ name: "agent", image: "registry.k8s.io/pause:3.9", env }] },
  });
}

/** `<name> <uid>` of pods that pin another bundle. */
export async function strays({ client }: SandboxCluster): Promise<readonly string[]> {
  const { items } = await client.list(PODS);
  const others = items.filter(({ spec }) => JSON.stringify(spec).includes(OTHER_PIN));
  return others.map(({ metadata }) => `${metadata.name} ${metadata.uid}`).sort();
}

/** Tokens that nothing is wrong with: the cluster's API accepts them, and `ca.crt` is its CA. */
export async function goodTokens(cluster: SandboxCluster): Promise<readonly TokenInCluster[]> {
  const all = [...(await tokensIn(cluster, "agent")), ...(await tokensIn(cluster, "persons"))];
  const own = caOf(cluster);
  const judged = await Promise.all(
    all.map(async (one) => ({ one, good: one.ca === own && (await isAccepted(cluster, one.token)) })),
  );
  return judged.filter(({ good }) => good).map(({ one }) => one);
}

/** PEM. */
export function caOf({ kubeconfig }: SandboxCluster): string {
  const [{ cluster }] = parse(kubeconfig).clusters;
  return Buffer.from(cluster["certificate-authority-data"], "base64").toString();
}

/** Whether the API server knows who bears the token; what they may do is another matter. */
function isAccepted({ kubeconfig }: SandboxCluster, token: string): Promise<boolean> {
  const { server } = must<{ cluster: { server: string } }>(parse(kubeconfig).clusters[0]).cluster;
  const options = { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false, agent: false };
  return new Promise((resolve, reject) => {
    const asked = request(`${server}/api/v1/namespaces`, options, (response) => {
      response.resume();
      resolve(response.statusCode !== 401);
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** What Rancher holds of a cluster, in one text. */
export async function heldText({ sandbox }: RefreshLab, { id }: SandboxCluster): Promise<string> {
  const status = (await sandbox.management.get(CLUSTERS, id))?.status;
  const fields = ["caCert", "serviceAccountToken", "serviceAccountTokenSecret"];
  return JSON.stringify(Object.entries(Object(status)).filter(([name]) => fields.includes(name)));
}
