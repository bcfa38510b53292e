/**
 * Reach *endpoint*: a cluster's authorized endpoint, by the kubeconfig that Rancher makes for it. The endpoint is the
 * cluster's own API server (or what people have put before it), which takes Rancher's tokens through kube-api-auth; it
 * is verified with the cluster's own CA, and so neither needs the tunnel nor notices that Rancher's CA changes.
 */
import { setTimeout as pause } from "node:timers/promises";
import { FarrierError } from "../errors.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { type Connection, connectKubeconfig } from "../kubernetes/connection.ts";
import { readForeignKubeconfig } from "../kubernetes/kubeconfig-file.ts";
import { namespaces, rancherTokens } from "../kubernetes/resource.ts";
import type { Secret } from "../pki/secret.ts";
import {
  ENDPOINT_KUBECONFIG,
  ENDPOINT_TOKEN_MARK,
  KUBECONFIG_TOKENS,
  ownTokensIn,
} from "../rancher/endpoint-tokens.ts";
import { listManagementClusters } from "../rancher/management-cluster.ts";
import { ANSWER_MS, type GivenWay } from "./reaches.ts";
import type { World } from "./world.ts";

const CALLED = "authorized cluster endpoint";

/** @param kubeconfig asked for when the way is first used; @param acceptedWithinMs how long a new token may be unknown */
export function endpointWay(id: string, kubeconfig: () => Promise<Secret>, acceptedWithinMs = 0): GivenWay {
  return {
    reach: "endpoint",
    called: CALLED,
    open: async () => openEndpoint(id, await kubeconfig(), acceptedWithinMs),
  };
}

/**
 * Names the authorized endpoint of every cluster that has one as a further way to it. The first look has Rancher make a
 * kubeconfig, and with it a token, for each of them.
 * @param again only these clusters, by id, for a rotation that is planned already
 * @returns the kubeconfigs that were made, by cluster id, once they were used
 */
export async function offerEndpoints(
  world: World,
  again?: { readonly only: readonly string[]; readonly rotation: string },
): Promise<ReadonlyMap<string, Secret>> {
  const made = new Map<string, Secret>();
  for (const { id, local, authorizedEndpoint } of await listManagementClusters(world.management)) {
    if (local || !authorizedEndpoint || again?.only.includes(id) === false) continue;
    const kubeconfig = async (): Promise<Secret> => {
      const text = made.get(id) ?? (await makeEndpointKubeconfig(world, id, again?.rotation));
      made.set(id, text);
      return text;
    };
    world.reaches.add(id, endpointWay(id, kubeconfig, ACCEPTED_MS));
  }
  return made;
}

/**
 * Has Rancher make one, and marks its token, so that nobody takes it for a kubeconfig that a person has downloaded.
 * @param rotation whose end deletes the token, whatever is known of it then; a plan in the making has no name yet
 */
export async function makeEndpointKubeconfig(
  { rancher, management }: World,
  id: string,
  rotation = "planning",
): Promise<Secret> {
  const text = await rancher.kubeconfig(id);
  const body = { metadata: { annotations: { [ENDPOINT_TOKEN_MARK]: rotation } } };
  for (const name of ownTokensIn(text, id)) {
    try {
      await management.patch(rancherTokens, name, { kind: "merge", body });
    } catch (error) {
      // Without the mark it works as well: it is counted among people's.
      if (!(error instanceof ApiError)) throw error;
    }
  }
  return text;
}

/** Names of the tokens that were made for a rotation after it was planned, also by a process that died before it could say so. */
export async function endpointTokensOf({ management }: World, rotation: string): Promise<string[]> {
  try {
    const { items } = await management.list(rancherTokens, { labelSelector: KUBECONFIG_TOKENS });
    const own = items.filter(({ metadata }) => metadata.annotations?.[ENDPOINT_TOKEN_MARK] === rotation);
    return own.map(({ metadata }) => metadata.name);
  } catch (error) {
    // Who may not list them has marked none.
    if (error instanceof ApiError) return [];
    throw error;
  }
}

/**
 * Has Rancher delete the tokens in kubeconfigs that are not kept, or not needed any more.
 * @param kubeconfigs by cluster id
 * @returns the names of those that it could not delete: the part of a token that is no secret
 */
export async function withdrawEndpoints(
  { rancher }: Pick<World, "rancher">,
  kubeconfigs: ReadonlyMap<string, Secret>,
): Promise<readonly string[]> {
  const names = [...kubeconfigs].flatMap(([id, kubeconfig]) => ownTokensIn(kubeconfig, id));
  const deleted = await Promise.allSettled(names.map((name) => rancher.deleteToken(name)));
  return names.filter((_, index) => deleted[index]?.status === "rejected");
}

/** Rancher tells the cluster of a new token in the background. */
export const ACCEPTED_MS = 15_000;
const AGAIN_MS = 500;

/** The first of its contexts that leads past Rancher and answers. */
async function openEndpoint(id: string, kubeconfig: Secret, acceptedWithinMs: number): Promise<Connection> {
  let failure: FarrierError | undefined;
  for (const context of endpointContexts(kubeconfig)) {
    const foreign = { content: kubeconfig.reveal(), label: ENDPOINT_KUBECONFIG };
    const named = { name: `the authorized endpoint of cluster ${id}`, timeoutMs: ANSWER_MS };
    const connection = await connectKubeconfig({ foreign, context }, named);
    try {
      await awaitAccepted(connection, acceptedWithinMs);
      return connection;
    } catch (error) {
      await connection.close();
      if (!(error instanceof FarrierError)) throw error;
      failure = error;
    }
  }
  throw (
    failure ?? new FarrierError("kubeconfig.context", `${ENDPOINT_KUBECONFIG} has no context that leads past Rancher.`)
  );
}

/** With a fully qualified name there is one, `<name>-fqdn`; else one for each control-plane node (Rancher: pkg/kubeconfig). */
function endpointContexts(kubeconfig: Secret): string[] {
  const { contexts, clusters } = readForeignKubeconfig(kubeconfig.reveal(), ENDPOINT_KUBECONFIG);
  return [...contexts].flatMap(([name, { cluster }]) => {
    const server = clusters.get(cluster)?.value.server ?? "";
    const past = URL.canParse(server) && !new URL(server).pathname.includes("/k8s/clusters/");
    return past ? [name] : [];
  });
}

/** Being forbidden something is being known. */
async function awaitAccepted({ api }: Connection, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      await api.get(namespaces, "kube-system");
      return;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return;
      if (!(error instanceof ApiError && error.status === 401) || Date.now() >= end) throw error;
      await pause(AGAIN_MS);
    }
  }
}
