/** The chart of a stored release, as the directory that `helm` takes. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { stringify } from "yaml";
import { FarrierError } from "../errors.ts";
import type { StoredChart } from "./release.ts";

/**
 * Why a chart cannot be rebuilt from what its release stores; undefined when it can. Helm stores no charts that a chart
 * depends on (its field `dependencies` is not written). Rancher's chart has none.
 */
export function chartObstacle({ metadata, templates }: StoredChart): string | undefined {
  const [first] = metadata.dependencies ?? [];
  if (first !== undefined) return `its chart depends on the chart ${first.name}, which Helm does not store`;
  return templates.length === 0 ? "its stored chart has no templates" : undefined;
}

/**
 * Writes `Chart.yaml`, `values.yaml`, templates and files below `directory`, which must exist.
 * @throws FarrierError `helm.chart-unusable` for a file's name that leads out of the directory
 */
export async function writeChart(chart: StoredChart, directory: string): Promise<void> {
  const { metadata, templates, values, schema, files } = chart;
  await write(directory, "Chart.yaml", stringify(metadata));
  await write(directory, "values.yaml", stringify(values ?? {}));
  if (schema !== null && schema !== undefined) await write(directory, "values.schema.json", schema);
  for (const { name, content } of [...templates, ...files]) await write(directory, name, content);
}

async function write(directory: string, name: string, content: string | Uint8Array): Promise<void> {
  const path = normalize(name);
  if (path.startsWith("..") || path.startsWith("/") || name.includes("\0")) {
    throw new FarrierError("helm.chart-unusable", `The stored chart has a file with the name ${JSON.stringify(name)}.`);
  }
  const place = join(directory, path);
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  await writeFile(place, content, { mode: 0o600 });
}
