/** Clusters whose own keys were changed, as refreshes find and leave them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject, ResourceRef } from "../../src/sandbox/cluster-client.ts";
import type { Sandbox, SandboxCluster } from "../../src/sandbox/sandbox.ts";
import type { Fault } from "../../src/sandbox/scenario/faults.ts";

const SECRETS: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const CLUSTERS: ResourceRef = { group: "management.cattle.io", version: "v3", resource: "clusters" };

export type Renewal = Partial<Omit<Extract<Fault, { kind: "renewed-cluster" }>, "kind" | "cluster">>;

/** Changes a cluster's keys, and waits until Rancher has noticed. */
export async function renewCluster(sandbox: Sandbox, cluster: SandboxCluster, renewal: Renewal = {}): Promise<void> {
  const usual = {
    serviceAccountKey: true,
    ca: false,
    secretsFollow: true,
    agent: "restarts",
    reported: true,
    staleStreams: [],
  } as const;
  await sandbox.inject({ kind: "renewed-cluster", cluster: cluster.name, ...usual, ...renewal });
  await sandbox.waitUntil(async () => (await readiness(sandbox, cluster)) === "False", { what: "Ready=False" });
}

/** `True`, `False`: the condition Ready. */
export async function readiness(sandbox: Sandbox, { id }: SandboxCluster): Promise<string | undefined> {
  const status = (await sandbox.management.get(CLUSTERS, id))?.status;
  const conditions: { type: string; status: string }[] = member(status, "conditions") ?? [];
  return conditions.find(({ type }) => type === "Ready")?.status;
}

export interface Holdings {
  /** `status.caCert`, decoded. */
  readonly ca: string;
  readonly token: string;
  /** The Secret that holds the token; undefined where the status does. */
  readonly secret: string | undefined;
}

/** What Rancher holds for a cluster. */
export async function heldByRancher({ management }: Sandbox, { id }: SandboxCluster): Promise<Holdings> {
  const status = (await management.get(CLUSTERS, id))?.status;
  const secret: string | undefined = member(status, "serviceAccountTokenSecret") || undefined;
  const kept =
    secret === undefined ? undefined : await management.get({ ...SECRETS, namespace: "cattle-global-data" }, secret);
  const token =
    secret === undefined ? member(status, "serviceAccountToken") : decoded(member(kept?.data, "credential"));
  return { ca: decoded(member(status, "caCert")), token, secret };
}

export interface TokenInCluster {
  readonly name: string;
  readonly uid: string | undefined;
  readonly token: string;
  readonly ca: string;
}

/** The tokens of the agent, or (`persons`) those for people's requests, in the cluster itself. */
export async function tokensIn(
  { client }: Pick<SandboxCluster, "client">,
  of: "agent" | "persons" = "agent",
): Promise<readonly TokenInCluster[]> {
  const namespace = of === "agent" ? "cattle-system" : "cattle-impersonation-system";
  const { items } = await client.list({ ...SECRETS, namespace });
  return items.filter(({ type }) => type === "kubernetes.io/service-account-token").map(tokenOf);
}

function tokenOf({ metadata, data }: KubeObject): TokenInCluster {
  const { name, uid } = metadata;
  return { name, uid, token: decoded(member(data, "token")), ca: decoded(member(data, "ca.crt")) };
}

/** Puts the cluster's present kubeconfig into a file. @returns the flags that name it */
export async function kubeconfigFlags(folder: string, cluster: Pick<SandboxCluster, "name" | "kubeconfig">) {
  const file = `${cluster.name}.yaml`;
  await writeFile(join(folder, file), cluster.kubeconfig, { mode: 0o600 });
  return ["--cluster-kubeconfig", file] as const;
}

function decoded(text: unknown): string {
  return Buffer.from(String(text ?? ""), "base64").toString();
}

// biome-ignore lint/suspicious/noExplicitAny: a wrong shape fails the test.
function member(of: unknown, name: string): any {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}
