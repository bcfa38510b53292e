/**
 * The kubeconfigs of authorized endpoints in a rotation's vault: made and tested by `plan`, used when a tunnel is dead,
 * and without their tokens when the plan is finished.
 */
import { z } from "zod";
import type { IdentityChoice } from "../backup/owner-identity.ts";
import { type Sealed, Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { mapLimited } from "../observe/concurrency.ts";
import { endpointTokensOf, endpointWay } from "../observe/endpoint-way.ts";
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

/** Names the stored endpoints of the plan in force as further ways; nothing is decrypted before one of them is used. */
export function giveStoredEndpoints(rotation: Rotation, { reaches }: World, identity: IdentityChoice): StoredEndpoints {
  const stored = new StoredEndpoints(rotation, identity);
  for (const id of stored.clusters)
    reaches.add(
      id,
      endpointWay(id, () => stored.kubeconfig(id)),
    );
  return stored;
}

/** The kubeconfigs in force: the plan's, or those that came in their place. A plan that was finished has none any more. */
export class StoredEndpoints {
  /** By id, sorted. */
  readonly clusters: readonly string[];
  readonly #sealed: readonly Sealed[];
  readonly #open: () => Promise<Vault>;
  #opened: Promise<Map<string, Secret>> | undefined;
  #lookedAt: number | undefined;

  constructor(rotation: Rotation, identity: IdentityChoice) {
    const { plan, state, planFile, directory } = rotation;
    const endpoints = isFinished(rotation) ? undefined : plan.endpoints;
    this.clusters = endpoints?.clusters ?? [];
    const renewed = state?.current.file === planFile ? Object.values(state.current.endpoints).flat() : [];
    this.#sealed = endpoints === undefined ? [] : [endpoints.sealed, ...renewed];
    this.#open = () => Vault.open(directory, identity);
  }

  /** @throws FarrierError `backup.*` */
  async kubeconfig(id: string): Promise<Secret> {
    return (await this.all()).get(id) ?? Secret.of("");
  }

  /** Of every cluster that has one, by its id. @throws FarrierError `backup.*` */
  async all(): Promise<ReadonlyMap<string, Secret>> {
    return await this.#all();
  }

  /** From now on, in this process. */
  async put(id: string, kubeconfig: Secret): Promise<void> {
    (await this.#all()).set(id, kubeconfig);
  }

  /** Whether it is time to see again that they are taken; whoever asks then looks. */
  lookIsDue(): boolean {
    const now = performance.now();
    if (this.#lookedAt !== undefined && now - this.#lookedAt < LOOK_AGAIN_MS) return false;
    this.#lookedAt = now;
    return true;
  }

  #all(): Promise<Map<string, Secret>> {
    this.#opened ??= this.#open().then((vault) => kubeconfigsIn(this.#sealed, vault));
    return this.#opened;
  }
}

/** Has Rancher delete the tokens of the plan's endpoints: what has led the estate needs them no more. */
export async function endEndpoints({ plan, ledger, lock, vault, world, abort }: WorkshopParts): Promise<void> {
  if (plan.endpoints === undefined) return;
  const found = new Set(await endpointTokensOf(world, plan.rotation));
  for (const sealed of [plan.endpoints.sealed, ...Object.values(ledger.run.endpoints).flat()]) {
    const kubeconfigs = await kubeconfigsIn([sealed], vault);
    for (const [id, kubeconfig] of kubeconfigs) for (const name of ownTokensIn(kubeconfig, id)) found.add(name);
  }
  const names = [...found].toSorted();
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

/** One that does not answer costs its whole patience. */
const LOOK_AGAIN_MS = 300_000;
const DELETE_MS = 60_000;
const DELETE_AT_ONCE = 8;

/** By cluster id; a later file's counts. */
async function kubeconfigsIn(files: readonly Sealed[], vault: Vault): Promise<Map<string, Secret>> {
  const found = new Map<string, Secret>();
  for (const sealed of files) {
    const parsed = contentSchema.safeParse(jsonOf((await vault.unseal(sealed)).reveal()));
    if (!parsed.success) {
      throw new FarrierError("backup.altered", `${sealed.file} does not hold the kubeconfigs of authorized endpoints.`);
    }
    for (const [id, text] of Object.entries(parsed.data.kubeconfigs)) found.set(id, Secret.of(text));
  }
  return found;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
