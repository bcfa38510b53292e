import type { Backup } from "../../execute/estate-backup.ts";
import { renderTable } from "./table.ts";

/** What was saved, cluster by cluster, and what was not. */
export function renderBackup({ clusters, unsaved, sealed }: Backup): string {
  const rows = clusters.map(({ id, name, objects }) => [id, name, `${objects}`]);
  const total = clusters.reduce((sum, { objects }) => sum + objects, 0);
  const parts = [renderTable(["CLUSTER", "NAME", "OBJECTS"], rows), `${total} objects, encrypted, in ${sealed.file}\n`];
  if (unsaved.length === 0) return parts.join("\n");
  const missing = unsaved.map(({ cluster, what, why }) => [cluster, what, why]);
  return [...parts, renderTable(["NOT SAVED IN", "WHAT", "WHY"], missing)].join("\n");
}
