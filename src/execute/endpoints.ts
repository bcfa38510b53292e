/**
 * The kubeconfigs of authorized endpoints in a rotation's vault: made and tested by `plan`, used when a tunnel is dead,
 * and without their tokens when the plan is finished.
 */
import { z } from "zod";
import type { IdentityChoice } from "../backup/owner-identity.ts";
import { Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { mapLimited } from "../observe/concurrency.ts";
import { endpointWay } from "../observe/endpoint-way.ts";
import type { World } from "../observe/world.ts";
import { Secret } from "../pki/secret.ts";
import type { PlannedEndpoints } from "../plan/plan.ts";
import { ownTokensIn } from "../rancher/endpoint-tokens.ts";
import { ROTATION } from "./ledger.ts";
import { retrying } from "./retry.ts";
import { isFinished, type Rotation } from "./rotation.ts";
import type { WorkshopParts } from "./workshop.ts";

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

/**
 * Names the stored endpoints of the plan in force as further ways; nothing is decrypted before one of them is used. A plan
 * that was finished has none: their tokens ended with it.
 */
export function giveStoredEndpoints(rotation: Rotation, { reaches }: World, identity: IdentityChoice): void {
  const { endpoints } = rotation.plan;
  if (endpoints === undefined || isFinished(rotation)) return;
  let opened: Promise<Kubeconfigs> | undefined;
  const kubeconfigOf = async (id: string): Promise<Secret> => {
    opened ??= Vault.open(rotation.directory, identity).then((vault) => kubeconfigsIn(endpoints, vault));
    return (await opened).get(id) ?? Secret.of("");
  };
  for (const id of endpoints.clusters)
    reaches.add(
      id,
      endpointWay(id, () => kubeconfigOf(id)),
    );
}

/** Has Rancher delete the tokens of the plan's endpoints: what has led the estate needs them no more. */
export async function endEndpoints({ plan, ledger, lock, vault, world, abort }: WorkshopParts): Promise<void> {
  if (plan.endpoints === undefined) return;
  const kubeconfigs = await kubeconfigsIn(plan.endpoints, vault);
  const names = [...kubeconfigs].flatMap(([id, kubeconfig]) => ownTokensIn(kubeconfig, id));
  if (names.length === 0) return;
  const note = (text: string) => ledger.append(ROTATION, { type: "noted", data: { text } });
  await note(
    `Rancher is asked to delete the tokens with which authorized endpoints were reached: ${names.join(", ")}.`,
  );
  await lock.ensureFresh();
  const end = Date.now() + DELETE_MS;
  const left = await mapLimited(names, DELETE_AT_ONCE, async (name) => {
    try {
      await retrying(() => world.rancher.deleteToken(name), { deadlineMs: end - Date.now(), signal: abort });
      return [];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [name];
    }
  });
  const kept = left.flat();
  if (kept.length > 0)
    await note(`Rancher could not be asked to delete ${kept.join(", ")}: delete what is left there.`);
}

const DELETE_MS = 60_000;
const DELETE_AT_ONCE = 8;

/** By cluster id. */
type Kubeconfigs = ReadonlyMap<string, Secret>;

async function kubeconfigsIn({ sealed }: PlannedEndpoints, vault: Vault): Promise<Kubeconfigs> {
  const content = (await vault.unseal(sealed)).reveal();
  const parsed = contentSchema.safeParse(jsonOf(content));
  if (!parsed.success) {
    throw new FarrierError("backup.altered", `${sealed.file} does not hold the kubeconfigs of authorized endpoints.`);
  }
  return new Map(Object.entries(parsed.data.kubeconfigs).map(([id, text]) => [id, Secret.of(text)]));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
