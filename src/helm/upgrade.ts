/** An upgrade of a release that changes some of its values and nothing else: the chart's version does not move. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FarrierError } from "../errors.ts";
import { chartObstacle, writeChart } from "./chart-directory.ts";
import { GivenValues, type ValueChange } from "./given-values.ts";
import { firstError, type HelmAccess, lookAtHelm, programOf, runHelm } from "./helm-program.ts";
import { namedChartObstacle } from "./named-chart.ts";
import type { StoredRelease } from "./stored-releases.ts";

export interface Upgrade {
  readonly release: StoredRelease;
  /** All values that the new revision is given. */
  readonly values: GivenValues;
  /** What `helm history` shows: by it, an interrupted upgrade is recognised as ours. */
  readonly description: string;
  readonly signal: AbortSignal;
}

const LONGEST_REASON = 600;
/** How long Helm waits for the chart's hooks: Rancher ≥ 2.12 has a Job before each upgrade. */
const HOOKS = "10m";

/**
 * Upgrades with the chart that the release stores, or with the one that was named.
 * @throws FarrierError `helm.missing`, `helm.unsuitable`, `helm.chart-unusable`, `helm.upgrade-failed`
 */
export async function upgradeRelease(access: HelmAccess, upgrade: Upgrade): Promise<void> {
  await requireHelm(access);
  const directory = await mkdtemp(join(tmpdir(), "farrier-chart-"));
  try {
    await runUpgrade(access, upgrade, await chartOf(access, upgrade.release, directory));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function requireHelm(access: HelmAccess): Promise<void> {
  const state = await lookAtHelm(access);
  if (state.kind === "missing") {
    throw new FarrierError(
      "helm.missing",
      `There is no program ${state.program}, and Rancher's release is upgraded with it.`,
    );
  }
  if (state.kind === "unsuitable") {
    throw new FarrierError("helm.unsuitable", `${state.program} is ${state.version}; Helm 3 or 4 is needed.`);
  }
}

/** The chart as `helm upgrade` takes it: arguments, the first of them the chart itself. */
async function chartOf(access: HelmAccess, release: StoredRelease, directory: string): Promise<readonly string[]> {
  const { version } = release.chart.metadata;
  const { chart } = access;
  const obstacle =
    chart === undefined
      ? chartObstacle(release.chart)
      : await namedChartObstacle(access, chart, release.chart.metadata);
  if (obstacle !== undefined) {
    throw new FarrierError("helm.chart-unusable", `Release ${release.namespace}/${release.name}: ${obstacle}.`);
  }
  if (chart !== undefined) return [chart, "--version", version];
  await writeChart(release.chart, directory);
  return [directory];
}

async function runUpgrade(access: HelmAccess, upgrade: Upgrade, chart: readonly string[]): Promise<void> {
  const { release, values, description, signal } = upgrade;
  const { name, namespace, driver } = release;
  // Values come through standard input: other users of the machine can read arguments, and files stay behind.
  const args = ["upgrade", name, ...chart, "--namespace", namespace, "--reset-values", "--values", "-"];
  const ours = ["--description", description, "--timeout", HOOKS];
  const environment = { HELM_DRIVER: driver };
  const end = await runHelm(access, { args: [...args, ...ours], input: values.reveal(), environment, signal });
  if (end.code === 0) return;
  // A template's error repeats what it was rendered to, and that may be a value. Cut off only then: half a key is one too.
  const why = values.takenOutOf(firstError(end.stderr)).slice(0, LONGEST_REASON);
  throw new FarrierError("helm.upgrade-failed", `helm upgrade of release ${namespace}/${name} failed: ${why}`);
}

/**
 * What a person would run instead: one line. `--reuse-values` keeps everything else that was given. A value cannot be
 * taken away by it (`null` would take the chart's default away as well), so that the default is given instead.
 */
export function upgradeByHand(
  { name, namespace, chart }: Pick<StoredRelease, "name" | "namespace" | "chart">,
  changes: readonly ValueChange[],
  access: HelmAccess = {},
): string {
  const defaults = GivenValues.of(chart.values ?? {});
  const set = changes.map(({ path, to }) => `--set ${path}=${String(to ?? defaults.at(path) ?? '""')}`);
  return [
    `${programOf(access)} upgrade ${name} ${access.chart ?? "CHART"} --namespace ${namespace}`,
    `--version ${chart.metadata.version} --reuse-values`,
    ...set,
  ].join(" ");
}
