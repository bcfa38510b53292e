/** The estate's own backup that `farrier.yaml` asks for: whether it can be made. */
import type { World } from "../observe/world.ts";
import { type BackupDecision, decideBackup } from "../plan/estate-backup.ts";
import type { Settings } from "./settings.ts";

/** Nothing is looked at when nothing is asked for. */
export async function decideEstateBackup(
  world: World,
  { estateBackup }: Settings,
  choice: { readonly without: boolean },
): Promise<BackupDecision> {
  if (estateBackup === undefined) return { findings: [] };
  const { observeBackupOperator } = await import("../observe/backup-operator.ts");
  const wish = estateBackup.operator;
  const operator = await observeBackupOperator(world.management, wish.encryptionConfigSecret);
  return decideBackup(wish, operator, choice);
}
