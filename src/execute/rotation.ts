/**
 * A rotation's directory, opened for reading: the plan in force, the journal and what it amounts to.
 *
 *   plan.json  rollback-<n>.json  journal.jsonl  backups/  requests/  report.*
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ensurePrivateDirectory, writePrivateFile } from "../backup/private-files.ts";
import { FarrierError } from "../errors.ts";
import { foldJournal, type RotationState } from "../journal/fold.ts";
import type { Plan } from "../plan/plan.ts";
import { PlanReader, planDigest, serialisePlan } from "../plan/plan-file.ts";
import { type LoadedJournal, loadJournal } from "./journal-store.ts";

export const PLAN_FILE = "plan.json";
/** What the estate's own backup is and where it lies, once it was verified; no secret is in it. */
export const ESTATE_BACKUP_FILE = "estate-backup.json";
export const JOURNAL_FILE = "journal.jsonl";

export interface Rotation {
  readonly directory: string;
  readonly journalPath: string;
  /** The plan in force: the first one, or the rollback that was begun or stored last. */
  readonly plan: Plan;
  /** Its file's name in the directory. */
  readonly planFile: string;
  /** SHA-256 of the file. */
  readonly digest: string;
  /** The plan that the rotation began with. */
  readonly firstPlan: Plan;
  readonly journal: LoadedJournal;
  /** Undefined before anything was applied. */
  readonly state: RotationState | undefined;
}

/** One command opens its rotation several times: to ask, to show and to apply. */
const reader = new PlanReader();

/**
 * Opens a rotation; reads only.
 * @param planFile a plan that is about to be begun; otherwise the one that the journal says is in force
 * @throws FarrierError `input.file-missing`, `plan.*`, `journal.*`
 */
export async function openRotation(directory: string, planFile?: string): Promise<Rotation> {
  const firstPath = join(directory, PLAN_FILE);
  const firstText = await textOf(firstPath);
  const firstPlan = reader.parse(firstText, firstPath);
  const journalPath = join(directory, JOURNAL_FILE);
  const journal = await loadJournal(journalPath, firstPlan.rotation);
  const state = foldJournal(journal.entries);
  const inForce = planFile ?? state?.current.file ?? PLAN_FILE;
  const path = join(directory, inForce);
  const text = inForce === PLAN_FILE ? firstText : await textOf(path);
  const digest = planDigest(text);
  if (state !== undefined && inForce === state.current.file && digest !== state.current.digest) {
    throw new FarrierError("plan.edited", `${path} was changed after it was begun.`, {
      hint: "Put the file back as it was, from a copy of the directory: a plan that was begun cannot be changed.",
    });
  }
  const plan = inForce === PLAN_FILE ? firstPlan : reader.parse(text, path);
  if (plan.rotation !== firstPlan.rotation) {
    throw new FarrierError("plan.invalid", `${path} belongs to another rotation.`);
  }
  return { directory, journalPath, plan, planFile: inForce, digest, firstPlan, journal, state };
}

/** The plan in force was carried out to its end. */
export function isFinished({ state, planFile }: Pick<Rotation, "state" | "planFile">): boolean {
  return state?.current.finished !== undefined && state.current.file === planFile;
}

/**
 * As {@link openRotation}, for what is asked of a rotation that goes on: a request that nobody takes up any more would
 * wait for the next rollback.
 * @throws FarrierError `rotation.finished`, and those of {@link openRotation}
 */
export async function openUnfinished(directory: string): Promise<Rotation> {
  const rotation = await openRotation(directory);
  if (!isFinished(rotation)) return rotation;
  throw new FarrierError("rotation.finished", `${rotation.plan.rotation} is finished: nothing of it is left to do.`);
}

/**
 * Writes a plan into its directory (0700/0600), which is made if it is missing.
 * @throws FarrierError `rotation.unwritable`
 */
export async function writePlan(directory: string, file: string, plan: Plan): Promise<void> {
  await ensurePrivateDirectory(directory);
  await writePrivateFile(join(directory, file), serialisePlan(plan));
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new FarrierError("input.file-missing", `${path} is missing or cannot be read.`, {
      hint: "Name the directory that farrier plan --out made.",
      cause: error,
    });
  }
}
