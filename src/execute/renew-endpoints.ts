/**
 * Kubeconfigs of authorized endpoints that have run out in a rotation that takes days. They are looked at while the
 * tunnels live: later, Rancher could not tell a cluster of another token.
 */
import { FarrierError } from "../errors.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { namespaces } from "../kubernetes/resource.ts";
import { mapLimited } from "../observe/concurrency.ts";
import { ACCEPTED_MS, endpointWay, makeEndpointKubeconfig, withdrawEndpoints } from "../observe/endpoint-way.ts";
import { proveCluster } from "../observe/reach-proof.ts";
import type { Secret } from "../pki/secret.ts";
import { plannedCluster } from "../plan/reading.ts";
import { called } from "../plan/steps/context.ts";
import { sealEndpoints } from "./endpoints.ts";
import type { WorkshopParts } from "./workshop.ts";

const AT_ONCE = 8;

/**
 * Has Rancher make another kubeconfig for each endpoint that refuses the one in force, and whose cluster answers through
 * its tunnel. What cannot be renewed is said, and holds nobody up: it is a stand-in.
 */
export async function renewEndpoints(parts: WorkshopParts): Promise<void> {
  if (!parts.endpoints.lookIsDue()) return;
  await mapLimited(parts.endpoints.clusters, AT_ONCE, async (id) => {
    if ((await isRefused(parts, id)) && (await hasTunnel(parts, id))) await renew(parts, id);
  });
}

async function isRefused({ world }: WorkshopParts, id: string): Promise<boolean> {
  try {
    await (await world.reaches.over(id, "endpoint")).get(namespaces, "kube-system");
    return false;
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    world.reaches.discard(id, "endpoint");
    return error instanceof ApiError && error.status === 401;
  }
}

async function hasTunnel({ world }: WorkshopParts, id: string): Promise<boolean> {
  try {
    await world.rancher.downstream(id).get(namespaces, "kube-system");
    return true;
  } catch (error) {
    if (error instanceof FarrierError) return false;
    throw error;
  }
}

/** The old one's token is deleted when the new kubeconfig is in the journal: until then it is all that there is. */
async function renew(parts: WorkshopParts, id: string): Promise<void> {
  const { plan, ledger, lock, vault, world, endpoints, abort } = parts;
  const cluster = called(plannedCluster(plan, id) ?? { id, name: id });
  const note = (text: string) => ledger.append({ target: id }, { type: "noted", data: { text } });
  await note(
    `Rancher is asked for another kubeconfig for the authorized endpoint of cluster ${cluster}: it refuses its own.`,
  );
  await lock.ensureFresh();
  abort.throwIfAborted();
  const made = await make(parts, id);
  if ("why" in made) {
    await note(`The authorized endpoint of cluster ${cluster} stands in for nothing now: ${made.why}`);
    return;
  }
  const { kubeconfig } = made;
  const old = await endpoints.kubeconfig(id);
  const sealed = await sealEndpoints(vault, new Map([[id, kubeconfig]]));
  if (sealed === undefined) throw new FarrierError("internal.unexpected", "A kubeconfig was not sealed.");
  await ledger.append({ target: id }, { type: "endpoint-renewed", data: { sealed: sealed.sealed } });
  await endpoints.put(id, kubeconfig);
  world.reaches.discard(id, "endpoint");
  const left = await withdrawEndpoints(world, new Map([[id, old]]));
  if (left.length > 0) await note(`Rancher could not be asked to delete ${left.join(", ")}: delete it there.`);
}

type Made = { readonly kubeconfig: Secret } | { readonly why: string };

/** One with which the endpoint answers as its cluster; no token is left of any other. */
async function make({ world, plan }: WorkshopParts, id: string): Promise<Made> {
  let kubeconfig: Secret | undefined;
  try {
    const made = await makeEndpointKubeconfig(world, id, plan.rotation);
    kubeconfig = made;
    const connection = await endpointWay(id, async () => made, ACCEPTED_MS).open();
    const proof = await proveCluster(connection.api, world.reaches.identity(id)).finally(() => connection.close());
    if (proof.kind === "proved") return { kubeconfig };
    await withdrawEndpoints(world, new Map([[id, kubeconfig]]));
    return { why: `${proof.why}.` };
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    if (kubeconfig !== undefined) await withdrawEndpoints(world, new Map([[id, kubeconfig]]));
    return { why: error.message };
  }
}
