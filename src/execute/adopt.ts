/**
 * Rebuilds a journal that was lost or truncated. Where the rotation stands is read off the estate: which bundle is
 * served, which certificate is in place, and what the agents pin. Steps of the stage that it stands in are then looked at
 * one by one by `apply`, which finds done what is done.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { EMPTY_HEAD, type Head } from "../journal/chain.ts";
import type { JournalEntry } from "../journal/entry.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import type { World } from "../observe/world.ts";
import type { Plan, Stage } from "../plan/plan.ts";
import { parsePlan, planDigest } from "../plan/plan-file.ts";
import { belongsTo } from "../plan/staleness.ts";
import { describeHolder, type Holder, thisProcess } from "./holder.ts";
import { loadJournal } from "./journal-store.ts";
import { Ledger, ROTATION } from "./ledger.ts";
import { continues, EstateLock, type LockedJournal, type LockRecord, readLock } from "./lock.ts";
import { JOURNAL_FILE, PLAN_FILE } from "./rotation.ts";

export interface AdoptOptions {
  readonly directory: string;
  readonly world: World;
  readonly now: () => Date;
  readonly holder?: Holder;
}

export interface Adopted {
  readonly planFile: string;
  /** Stages that the estate shows to be over. */
  readonly stagesDone: readonly string[];
  /** Where the old journal was put, if there was one. */
  readonly oldJournal?: string;
}

/**
 * Writes a new journal beside the plan and binds the estate's lock to it.
 * @throws FarrierError `journal.whole`; `lock.held` while somebody works on this machine; `plan.*`, `api.*`,
 *   `rotation.unwritable`
 */
export async function adoptRotation({ directory, world, now, holder = thisProcess() }: AdoptOptions): Promise<Adopted> {
  const first = parsePlan(await textOf(join(directory, PLAN_FILE)));
  if (!belongsTo(first, world.identity)) {
    throw new FarrierError("plan.stale", `The plan was made for another estate, ${first.estate.serverUrl}.`);
  }
  const { namespace } = first.rancher;
  const record = await readLock(world.management, namespace);
  if (record?.rotation === first.rotation) await refuseWholeJournal(directory, record);
  const { file, plan, digest } = await planInForce(directory, record?.plan);
  const estate = await observeEstate(world, { now });
  const done = stagesDone(plan, estate);
  // The lock first: who may not have it must not lose a journal either.
  const journal = new Successor();
  const request = {
    api: world.management,
    namespace,
    rotation: plan.rotation,
    planDigest: digest,
    holder,
    journal,
    now,
  };
  const { lock } = await EstateLock.acquire({ ...request, takeOver: true, adopt: true });
  const oldJournal = await putAside(directory);
  const path = join(directory, JOURNAL_FILE);
  const { ledger } = await Ledger.open(path, { rotation: plan.rotation, now, observers: [] });
  journal.ledger = ledger;
  try {
    const who = describeHolder(holder);
    const begun = { file, digest, direction: plan.direction, holder: who };
    await ledger.append(ROTATION, { type: "plan-begun", data: begun });
    await ledger.append(ROTATION, { type: "continued", data: { holder: who, how: "adopted" } });
    for (const stage of done) {
      await ledger.append(ROTATION, { type: "stage-entered", data: { stage } });
      await ledger.append(ROTATION, { type: "stage-done", data: { stage } });
    }
    await lock.release("released");
  } finally {
    await ledger.close();
  }
  return { planFile: file, stagesDone: done, ...(oldJournal === undefined ? {} : { oldJournal }) };
}

/** A new journal would know less: neither waivers, nor what was seen of each agent and when. */
async function refuseWholeJournal(directory: string, record: LockRecord): Promise<void> {
  const journal = await loadJournal(join(directory, JOURNAL_FILE), record.rotation).catch(() => undefined);
  if (journal === undefined || journal.head.seq === 0 || !continues(journal, record)) return;
  throw new FarrierError(
    "journal.whole",
    `The journal in ${directory} is whole: the estate vouches for its ${journal.head.seq} entries.`,
  );
}

/** The journal that the lock speaks of: none yet, then the new one. */
class Successor implements LockedJournal {
  ledger: Ledger | undefined;

  get head(): Head {
    return this.ledger?.head ?? EMPTY_HEAD;
  }

  get entries(): readonly JournalEntry[] {
    return this.ledger?.entries ?? [];
  }
}

/** The plan that the estate was last worked on with; the first one where the estate does not know. */
async function planInForce(directory: string, wanted: string | undefined) {
  const rollbacks = (await readdir(directory)).filter((name) => /^rollback-\d+\.json$/.test(name)).sort();
  for (const file of [...rollbacks, PLAN_FILE]) {
    const text = await textOf(join(directory, file));
    const digest = planDigest(text);
    if (digest === wanted || (file === PLAN_FILE && wanted === undefined))
      return { file, plan: parsePlan(text), digest };
  }
  throw new FarrierError("plan.stale", `${directory} does not hold the plan that this estate was last worked on with.`);
}

/** Stages before the one that the estate stands in. */
export function stagesDone(plan: Plan, estate: Estate): string[] {
  const position = positionOf(plan, estate);
  const index = position === undefined ? 0 : plan.stages.findLastIndex(position);
  return plan.stages.slice(0, index).map(({ id }) => id);
}

/** Recognises the stage that may be under way; undefined at the very beginning. */
function positionOf(plan: Plan, estate: Estate): ((stage: Stage) => boolean) | undefined {
  const served = plan.epochs.findLast(({ pin }) => pin === estate.trust.pin)?.name;
  const leaf = estate.serving.certificates[0]?.fingerprint;
  const switched = leaf === plan.serving.target.certificates[0]?.fingerprint;
  const target = plan.epochs.at(-1);
  const kind = (wanted: Stage["kind"], epoch?: string) => (stage: Stage) =>
    stage.kind === wanted && (epoch === undefined || stage.epoch === epoch);
  if (plan.epochs.length > 1 && served === target?.name) return kind("spread", served);
  const armedForTarget = estate.clusters.some(({ agent }) => agent?.pin === target?.pin);
  if (switched && plan.epochs.length > 1 && armedForTarget) return kind("arm", target?.name);
  if (switched) return kind("switch");
  return served === "both" ? kind("spread", "both") : undefined;
}

async function putAside(directory: string): Promise<string | undefined> {
  const path = join(directory, JOURNAL_FILE);
  if (!existsSync(path)) return undefined;
  for (let number = 1; ; number++) {
    const aside = `journal-lost-${number}.jsonl`;
    if (existsSync(join(directory, aside))) continue;
    await rename(path, join(directory, aside));
    return aside;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new FarrierError("input.file-missing", `${path} is missing or cannot be read.`, { cause: error });
  }
}
