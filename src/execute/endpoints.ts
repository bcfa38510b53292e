/** The kubeconfigs of authorized endpoints in a rotation's vault: made and tested by `plan`, used when a tunnel is dead. */
import { z } from "zod";
import type { IdentityChoice } from "../backup/owner-identity.ts";
import { Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { endpointWay } from "../observe/endpoint-way.ts";
import type { World } from "../observe/world.ts";
import { Secret } from "../pki/secret.ts";
import type { Plan, PlannedEndpoints } from "../plan/plan.ts";

const contentSchema = z.object({
  format: z.literal("farrier.endpoints/v1"),
  /** By cluster id. */
  kubeconfigs: z.record(z.string(), z.string()),
});

/** Only those that answered as their cluster are worth keeping. @param made by cluster id */
export function usableEndpoints(estate: Estate, made: ReadonlyMap<string, Secret>): Map<string, Secret> {
  const answering = estate.clusters.filter(({ given }) =>
    given.some(({ reach, state }) => reach === "endpoint" && state.kind === "answering"),
  );
  return new Map([...made].filter(([id]) => answering.some((cluster) => cluster.id === id)));
}

/** @returns undefined where there are none. @throws FarrierError `rotation.unwritable` */
export async function sealEndpoints(
  vault: Vault,
  kubeconfigs: ReadonlyMap<string, Secret>,
): Promise<PlannedEndpoints | undefined> {
  const clusters = [...kubeconfigs.keys()].toSorted();
  if (clusters.length === 0) return undefined;
  const texts = Object.fromEntries([...kubeconfigs].map(([id, text]) => [id, text.reveal()]));
  const content = JSON.stringify({ format: "farrier.endpoints/v1", kubeconfigs: texts });
  return { clusters, sealed: await vault.seal("endpoints", content) };
}

/** Names the stored endpoints as further ways; nothing is decrypted before one of them is used. */
export function giveStoredEndpoints(
  { endpoints }: Plan,
  { reaches }: World,
  rotation: { readonly directory: string; readonly identity: IdentityChoice },
): void {
  if (endpoints === undefined) return;
  let opened: Promise<Readonly<Record<string, string>>> | undefined;
  const kubeconfigOf = async (id: string): Promise<Secret> => {
    opened ??= kubeconfigsIn(endpoints, rotation);
    return Secret.of((await opened)[id] ?? "");
  };
  for (const id of endpoints.clusters)
    reaches.add(
      id,
      endpointWay(id, () => kubeconfigOf(id)),
    );
}

async function kubeconfigsIn(
  { sealed }: PlannedEndpoints,
  { directory, identity }: { readonly directory: string; readonly identity: IdentityChoice },
): Promise<Readonly<Record<string, string>>> {
  const vault = await Vault.open(directory, identity);
  const content = (await vault.unseal(sealed)).reveal();
  const parsed = contentSchema.safeParse(jsonOf(content));
  if (parsed.success) return parsed.data.kubeconfigs;
  throw new FarrierError("backup.altered", `${sealed.file} does not hold the kubeconfigs of authorized endpoints.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
