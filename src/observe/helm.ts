/** The `helm` that is here, where values of Rancher's chart have to change for a private CA of the people's own. */
import type { Estate, ReleaseFacts } from "../estate/estate.ts";
import { type HelmAccess, lookAtHelm, programOf } from "../helm/helm-program.ts";
import { namedChartObstacle } from "../helm/named-chart.ts";
import { isIssued } from "../plan/release.ts";
import type { World } from "./world.ts";

interface HelmQuestion extends Pick<Estate["installation"], "installer" | "privateCa" | "tlsSource"> {
  /** What is planned changes values, also where the present ones are what most rotations want. */
  readonly upgrades: boolean;
}

/** Undefined where no upgrade would be needed: nobody then has to have the program. */
export async function observeHelm(
  { helm }: World,
  { installer, privateCa, tlsSource, upgrades }: HelmQuestion,
): Promise<Estate["access"]["helm"]> {
  const needed = upgrades || !privateCa || isIssued(tlsSource);
  if (installer.kind !== "helm" || !needed) return undefined;
  const state = await lookAtHelm(helm);
  const program = programOf(helm);
  switch (state.kind) {
    case "usable":
      return { program, version: state.version, ...(await namedChart(helm, installer.release)) };
    case "missing":
      return { program, problem: "missing" };
    case "unsuitable":
      return { program, version: state.version, problem: "unsuitable" };
  }
}

/** Looked at before anything changes, not only by the step that upgrades with it. */
async function namedChart(
  helm: HelmAccess,
  { chart: deployed }: ReleaseFacts,
): Promise<Pick<NonNullable<Estate["access"]["helm"]>, "chart">> {
  if (helm.chart === undefined) return {};
  const problem = await namedChartObstacle(helm, helm.chart, deployed);
  return { chart: { called: helm.chart, ...(problem === undefined ? {} : { problem }) } };
}
