/** Compares a backup with the estate as it is, and puts back what was chosen. */
import { type Compared, compareWithPresent, putBack } from "../backup/restore.ts";
import { FarrierError } from "../errors.ts";
import type { Api } from "../kubernetes/api.ts";
import { namespaces } from "../kubernetes/resource.ts";
import { mapLimited } from "../observe/concurrency.ts";
import type { World } from "../observe/world.ts";
import type { FoundBackup } from "./estate-backup.ts";
import { describeHolder, whereabouts } from "./holder.ts";
import { readLock } from "./lock.ts";

/** What could not be compared: a cluster that does not answer, or that is another one now. */
export interface Unreachable {
  readonly cluster: string;
  readonly why: string;
}

export interface Comparison {
  readonly compared: readonly Compared[];
  readonly unreachable: readonly Unreachable[];
}

const AT_ONCE = 16;
const ANSWER_MS = 15_000;

/**
 * Looks at every saved object; nothing is written.
 * @param cluster only of this cluster, by id
 * @throws FarrierError `plan.stale` when the backup is of another estate; `api.*`
 */
export async function compareBackup(world: World, backup: FoundBackup, cluster?: string): Promise<Comparison> {
  const { kubeSystemUid, serverUrl } = world.identity;
  if (backup.estate.kubeSystemUid !== kubeSystemUid) {
    throw new FarrierError(
      "plan.stale",
      `The backup is of ${backup.estate.serverUrl}; this is another estate, ${serverUrl}.`,
      { hint: "Name the estate that the backup was made of, or the backup that was made of this estate." },
    );
  }
  const ids = [...new Set(backup.objects.map((saved) => saved.cluster))];
  const parts = await mapLimited(
    ids.filter((id) => cluster === undefined || id === cluster),
    AT_ONCE,
    (id) => compareCluster(world, backup, id),
  );
  return {
    compared: parts.flatMap(({ compared }) => compared),
    unreachable: parts.flatMap(({ unreachable }) => unreachable),
  };
}

async function compareCluster(world: World, backup: FoundBackup, id: string): Promise<Comparison> {
  const api = apiOf(world, id);
  const objects = backup.objects.filter((saved) => saved.cluster === id);
  const wanted = backup.kubeSystemUids.get(id);
  try {
    const uid = (await api.get(namespaces, "kube-system"))?.metadata.uid;
    if (wanted !== undefined && uid !== wanted) {
      const why = "It is another cluster now: its kube-system has another UID than when it was saved.";
      return { compared: [], unreachable: [{ cluster: id, why }] };
    }
    return { compared: await mapLimited(objects, AT_ONCE, (saved) => compareWithPresent(api, saved)), unreachable: [] };
  } catch (error) {
    if (!(error instanceof FarrierError) || id === "local") throw error;
    return { compared: [], unreachable: [{ cluster: id, why: error.message }] };
  }
}

/**
 * Puts back each of the objects, in the order given.
 * @throws FarrierError `lock.held` while a rotation is at work; `step.conflict`; `api.*`
 */
export async function restoreObjects(world: World, chosen: readonly Compared[]): Promise<void> {
  await refuseDuringRotation(world);
  for (const one of chosen) await putBack(apiOf(world, one.saved.cluster), one);
}

async function refuseDuringRotation({ management, namespace }: World): Promise<void> {
  const lock = await readLock(management, namespace);
  if (lock?.state !== "running" || whereabouts(lock.holder) === "gone") return;
  throw new FarrierError(
    "lock.held",
    `Rotation ${lock.rotation} is at work on this estate (${describeHolder(lock.holder)}).`,
    { hint: "Let it end or pause it first; farrier rollback leads back through the gates." },
  );
}

function apiOf(world: World, cluster: string): Api {
  return cluster === "local" ? world.management : world.downstream(cluster, { timeoutMs: ANSWER_MS });
}
