/** The estate's own backup → the step that makes it, before anything is touched. */
import type { Plan, Step } from "./plan.ts";
import { backUpEstate } from "./steps/back-up-estate.ts";
import { copyContainer } from "./steps/copy-container.ts";
import { requestSnapshot } from "./steps/request-snapshot.ts";
import { saveSnapshot } from "./steps/save-snapshot.ts";

/** None where no backup was asked for, or a person goes on without. */
export function estateBackupSteps(backup: Plan["estateBackup"]): Step[] {
  switch (backup?.kind) {
    case undefined:
    case "none":
    case "covered":
      return [];
    case "operator":
      return [backUpEstate(backup)];
    case "container":
      return [copyContainer(backup)];
    case "etcd-snapshot":
      return [saveSnapshot(backup)];
    case "cluster-object":
      return [requestSnapshot(backup)];
  }
}
