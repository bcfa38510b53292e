/** Copies the data of a Rancher in a single container into the rotation, and waits until its cluster answers again. */
import { join } from "node:path";
import { z } from "zod";
import { writePrivateFile } from "../../backup/private-files.ts";
import { measureFile } from "../../backup/sealed-stream.ts";
import { FarrierError } from "../../errors.ts";
import { namespaces } from "../../kubernetes/resource.ts";
import type { ContainerCopy } from "../../plan/estate-backup.ts";
import { type ContainerBackup, copyContainer as copy } from "../container-backup.ts";
import { findContainerBackup } from "../container-restore.ts";
import { type EngineChoice, withRancherContainer } from "../rancher-container.ts";
import { retrying } from "../retry.ts";
import { ESTATE_BACKUP_FILE } from "../rotation.ts";
import { erased, type StepContext } from "../step-action.ts";

const beforeSchema = z.object({ container: z.string() });

/** Gigabytes are packed, encrypted and read again. */
const LONGEST_SECONDS = 3600;

export const copyContainer = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: LONGEST_SECONDS,

  async observe(context) {
    return { kind: "todo", before: { container: plannedOf(context).container.id } };
  },

  async apply(context) {
    const planned = plannedOf(context);
    const { container, engine } = planned;
    await withRancherContainer({ address: engine, container: container.id }, async (choice) => {
      // Copied before a crash.
      if ((await copiedBefore(context)) === undefined) await copyOnce(context, planned, choice);
    });
    // The management cluster is in that container.
    const answers = (): Promise<unknown> => context.management.get(namespaces, "kube-system");
    await retrying(answers, { deadlineMs: context.remainingMs(), signal: context.signal });
  },

  async verify(context) {
    const backup = await copiedBefore(context);
    if (backup !== undefined) return { kind: "verified", evidence: [] };
    const why = "the copy of the container is not the file that was written";
    return { kind: "blocked", by: { why, hint: "Look at the disk of this machine, and apply again." } };
  },
});

async function copyOnce(context: StepContext, { container, hot }: ContainerCopy, choice: EngineChoice): Promise<void> {
  const { version, name } = choice.container;
  if (version !== container.version) {
    throw new FarrierError(
      "engine.container-unsuitable",
      `Container ${name} runs ${version} now, and the plan was made for ${container.version}.`,
      { hint: "Plan anew." },
    );
  }
  await context.requireLock();
  const { signal } = context;
  const { backup, notStarted } = await copy({ ...choice, hot, now: context.now(), signal }, context.vault);
  const path = join(context.vault.directory, ESTATE_BACKUP_FILE);
  await writePrivateFile(path, `${JSON.stringify(backup, null, 2)}\n`);
  if (notStarted !== undefined) throw notStarted;
}

/** The copy that the rotation has, if its file is the one that was written and read again. */
async function copiedBefore({ vault }: StepContext): Promise<ContainerBackup | undefined> {
  const backup = await findContainerBackup(vault.directory, ESTATE_BACKUP_FILE);
  if (backup === undefined) return undefined;
  const { file, sha256 } = backup.sealed;
  const there = await measureFile(join(vault.directory, file)).catch(() => undefined);
  return there?.sha256 === sha256 ? backup : undefined;
}

function plannedOf({ plan: { estateBackup } }: StepContext): ContainerCopy {
  if (estateBackup?.kind === "container") return estateBackup;
  throw new FarrierError("plan.invalid", "The plan has a step for the copy of a container and does not say of which.");
}
