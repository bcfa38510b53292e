/** The chart that a person names instead of the one that the release stores: is it the one that is deployed? */
import { parse } from "yaml";
import { z } from "zod";
import { firstError, type HelmAccess, runHelm } from "./helm-program.ts";

const chartSchema = z.object({ name: z.string(), version: z.string() });
type NamedVersion = z.infer<typeof chartSchema>;
/** A repository or a registry is asked over the network, and a chart is a few hundred kilobytes. */
const LOOK_MS = 120_000;

/**
 * Why the chart that is named cannot be upgraded with; undefined where it can. Helm passes over `--version` for a
 * directory and a .tgz file, so that it has to be looked into: another version's chart would move Rancher itself.
 * @throws Error of node:child_process when there is no such program
 */
export async function namedChartObstacle(
  access: HelmAccess,
  chart: string,
  deployed: NamedVersion,
): Promise<string | undefined> {
  const args = ["show", "chart", chart, "--version", deployed.version];
  const end = await runHelm(access, { args, signal: AbortSignal.timeout(LOOK_MS) });
  if (end.code !== 0) return `${chart} cannot be read: ${firstError(end.stderr)}`;
  const found = chartIn(end.stdout);
  if (found === undefined) return `${chart} names no chart and no version`;
  if (found.name === deployed.name && found.version === deployed.version) return undefined;
  return `${chart} is chart ${found.name} ${found.version}, and ${deployed.name} ${deployed.version} is deployed`;
}

function chartIn(text: string): NamedVersion | undefined {
  try {
    return chartSchema.parse(parse(text));
  } catch {
    return undefined;
  }
}
