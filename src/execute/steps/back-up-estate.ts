/** Has the backup operator make the estate's own backup, waits for it, and checks what it says that it made. */
import { z } from "zod";
import { FarrierError } from "../../errors.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { operatorBackupBody, operatorBackupState, operatorBackups } from "../../rancher/backup-operator.ts";
import { erased, type StepContext, type Verification } from "../step-action.ts";

const beforeSchema = z.object({ name: z.string() });

/** A large estate with its archive in S3 takes some minutes. */
const LONGEST_SECONDS = 1800;
/** So much of the step's time is kept for saying what it waited for. */
const SPARE_MS = 2000;

export const backUpEstate = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: LONGEST_SECONDS,

  // Asked for again after a crash, the operator's answer to the first time is as good.
  async observe(context) {
    return { kind: "todo", before: { name: plannedOf(context).name } };
  },

  async apply(context) {
    const { name, ...wanted } = plannedOf(context);
    try {
      await context.management.create(operatorBackups, operatorBackupBody(name, wanted));
    } catch (error) {
      // It is there: made before a crash. Its name is this rotation's alone.
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
    }
  },

  async verify(context, { name }): Promise<Verification> {
    const { encryptionConfigSecret } = plannedOf(context);
    const asked = { estate: context.plan.estate.kubeSystemUid, encrypted: encryptionConfigSecret !== undefined };
    let words = "the operator has not looked at it";
    const blocked = (why: string): Verification => ({
      kind: "blocked",
      by: {
        why: `Backup ${name}: ${why}`,
        hint: `See kubectl describe backups.resources.cattle.io ${name}. Mend it, delete that Backup, and apply again.`,
      },
    });
    try {
      return await context.management.watchUntil(
        operatorBackups,
        { name },
        ([object]) => {
          if (object === undefined) return undefined;
          const state = operatorBackupState(object, asked);
          if (state.kind === "waiting") words = state.words;
          if (state.kind === "failed") return blocked(state.why);
          return state.kind === "made" ? { kind: "verified", evidence: [] } : undefined;
        },
        { deadlineMs: Math.max(1, context.remainingMs() - SPARE_MS), signal: context.signal },
      );
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "deadline") throw error;
      return blocked(`it was not made in time; ${words}`);
    }
  },
});

function plannedOf({ plan: { estateBackup } }: StepContext) {
  if (estateBackup?.kind === "operator") return estateBackup;
  throw new FarrierError("internal.unexpected", "The plan has a step for the estate's backup and names none.");
}
