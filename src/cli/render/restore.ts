import type { Compared } from "../../backup/restore.ts";
import type { Comparison } from "../../execute/restore.ts";
import { paint } from "./style.ts";
import { renderTable } from "./table.ts";

/** What differs from a backup, and what would become of it. Values of Secrets are not shown. */
export function renderComparison(
  { compared, unreachable }: Comparison,
  { newer }: { readonly newer: boolean },
): string {
  const parts = compared.flatMap((one) => objectLines(one, newer));
  const same = compared.filter(({ difference }) => difference.kind === "same" || difference.kind === "derived").length;
  const changed = compared.length - same - compared.filter(({ difference }) => difference.kind === "missing").length;
  parts.push(`${same} of ${compared.length} objects are as they were saved.\n`);
  if (changed > 0 && !newer) {
    const they = changed === 1 ? "1 object was changed since and is" : `${changed} objects were changed since and are`;
    parts.push(
      `${they} left as now: newer than the backup. --overwrite-newer puts back the saved state all the same.\n`,
    );
  }
  if (unreachable.length > 0) {
    const rows = unreachable.map(({ cluster, why }) => [cluster, why]);
    parts.push(`\n${renderTable(["NOT COMPARED", "WHY"], rows)}`);
  }
  return parts.join("");
}

function objectLines({ saved, difference }: Compared, newer: boolean): string[] {
  const { cluster, kind, resource, object } = saved;
  const place = resource.namespace === undefined ? "" : `${resource.namespace}/`;
  const title = `${cluster} ${kind} ${place}${object.metadata.name}`;
  switch (difference.kind) {
    case "same":
    case "derived":
      return [];
    case "missing":
      return [`${paint("good", "+")} ${title}  missing: is made again\n`];
    case "changed": {
      const fields = difference.fields.map(({ field, present, saved: was }) => [field, present, was]);
      const mark = newer ? paint("attention", "~") : paint("quiet", "=");
      return [`${mark} ${title}\n`, renderTable(["FIELD", "NOW", "SAVED"], fields, 4)];
    }
  }
}
