/** The token in a kubeconfig of a cluster with an authorized endpoint: made for that cluster, and made known to it. */
import { ApiError, type KubeObject, type NewObject } from "../cluster-client.ts";
import { type Ask, apply, remove } from "./apply.ts";
import { type Caller, hashedToken } from "./authentication.ts";
import { accessTo, askerOf } from "./cluster-access.ts";
import { clusterAuthToken } from "./kube-api-auth.ts";
import { CLUSTERS, TOKENS } from "./resources.ts";
import type { ServerContext } from "./server.ts";

/** Between the token and its counterpart in the cluster, and between attempts, in milliseconds of sandbox time. */
const SYNC_MS = 1000;
const RETRY_MS = 5000;

/** Makes it; the cluster comes to know it as soon as its tunnel lets Rancher tell it. @returns `kubeconfig-…:<secret>` */
export async function makeClusterToken(clusterId: string, caller: Caller, context: ServerContext): Promise<string> {
  const random = (length: number) =>
    Array.from({ length }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]).join("");
  const [name, secret] = [`kubeconfig-${caller.userId}${random(5)}`, random(54)];
  const object: NewObject = {
    apiVersion: "management.cattle.io/v3",
    kind: "Token",
    metadata: { name, labels: { "authn.management.cattle.io/kind": "kubeconfig" } },
    authProvider: "local",
    clusterName: clusterId,
    description: "Kubeconfig token",
    expiresAt: "",
    isDerived: true,
    token: hashedToken(secret),
    ttl: 0,
    userId: caller.userId,
  };
  const token = await context.client.create(TOKENS, object);
  context.clock.after(SYNC_MS, () => void tell(token, context));
  return `${name}:${secret}`;
}

const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** Deletes one of the caller's tokens, in the cluster that it was made for as well. @returns false when there is none */
export async function deleteToken(name: string, caller: Caller, context: ServerContext): Promise<boolean> {
  const token = await context.client.get(TOKENS, name);
  if (token === undefined || token.userId !== caller.userId) return false;
  await context.client.delete(TOKENS, name);
  if (token.clusterName !== undefined && token.clusterName !== "") void tell(token, context);
  return true;
}

/** The cluster has what Rancher has: a counterpart of the token, or none. */
async function tell(token: KubeObject, context: ServerContext): Promise<void> {
  const { client, clock, log } = context;
  try {
    const ask = await askerFor(String(token.clusterName), context);
    if (ask === undefined) return;
    const kept = await client.get(TOKENS, token.metadata.name);
    await (kept === undefined ? remove(ask, clusterAuthToken(token)) : apply(ask, clusterAuthToken(token)));
  } catch (error) {
    // The clock's end is the estate's: nothing comes after it.
    if (error instanceof ApiError && error.status === 404) return;
    log(
      "ERROR",
      `cluster ${token.clusterName}: token ${token.metadata.name}: ${error instanceof Error ? error.message : ""}`,
    );
    clock.after(RETRY_MS, () => void tell(token, context));
  }
}

/** Undefined when the cluster is no more. @throws Error when it has no tunnel */
async function askerFor(clusterId: string, { client, world }: ServerContext): Promise<Ask | undefined> {
  const cluster = await client.get(CLUSTERS, clusterId);
  if (cluster === undefined) return undefined;
  const session = world.sessions.find(clusterId);
  if (session === undefined) throw new Error(`cannot connect to the cluster's Kubernetes API, requeuing`);
  return askerOf(session, await accessTo(cluster, client));
}
