/** The token in a kubeconfig of a cluster with an authorized endpoint: made for that cluster, and made known to it. */
import { ApiError, type KubeObject, type NewObject } from "../cluster-client.ts";
import { apply } from "./apply.ts";
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
  context.clock.after(SYNC_MS, () => void tell(clusterId, token, context));
  return `${name}:${secret}`;
}

const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

async function tell(clusterId: string, token: KubeObject, context: ServerContext): Promise<void> {
  const { client, clock, world, log } = context;
  try {
    const cluster = await client.get(CLUSTERS, clusterId);
    const session = world.sessions.find(clusterId);
    if (cluster === undefined) return;
    if (session === undefined) throw new Error(`cannot connect to the cluster's Kubernetes API, requeuing`);
    const object = clusterAuthToken(token);
    await apply(askerOf(session, await accessTo(cluster, client)), object);
  } catch (error) {
    // The clock's end is the estate's: nothing comes after it.
    if (error instanceof ApiError && error.status === 404) return;
    log("ERROR", `cluster ${clusterId}: token ${token.metadata.name}: ${error instanceof Error ? error.message : ""}`);
    clock.after(RETRY_MS, () => void tell(clusterId, token, context));
  }
}
