/** How Rancher came into its cluster, for people and for the planner: facts, and none of a release's other values. */
import type { Installation, InstallerFacts } from "../estate/estate.ts";
import { chartObstacle } from "../helm/chart-directory.ts";
import { GivenValues } from "../helm/given-values.ts";
import type { StoredRelease } from "../helm/stored-releases.ts";
import { deployments } from "../kubernetes/resource.ts";
import { ownersOf } from "../kubernetes/secret.ts";
import { findInstaller, tlsValuesIn } from "../rancher/installer.ts";
import type { Gaps } from "./gaps.ts";
import type { World } from "./world.ts";

/** @param previous an earlier look: it hardly changes while a process runs */
export async function observeInstaller(
  world: World,
  gaps: Gaps,
  previous?: Installation,
): Promise<Pick<Installation, "installer" | "owners">> {
  if (previous !== undefined) return { installer: previous.installer, owners: previous.owners };
  return await gaps.look("Helm release of Rancher", () => lookAtInstaller(world), {
    installer: { kind: "unknown" },
    owners: [],
  });
}

async function lookAtInstaller({
  management,
  namespace,
  deployment,
}: World): Promise<Pick<Installation, "installer" | "owners">> {
  const server = await management.get(deployments(namespace), deployment);
  if (server === undefined) return { installer: { kind: "unknown" }, owners: [] };
  const found = await findInstaller(management, server);
  const installer: InstallerFacts =
    found.kind === "helm" ? { kind: "helm", release: releaseFactsOf(found.release) } : found;
  return { installer, owners: ownersOf(server) };
}

export function releaseFactsOf(release: StoredRelease): Extract<InstallerFacts, { kind: "helm" }>["release"] {
  const { name, namespace, revision, status, chart, driver } = release;
  const chartMissing = chartObstacle(chart);
  return {
    name,
    namespace,
    revision,
    status,
    chart: { name: chart.metadata.name, version: chart.metadata.version },
    driver,
    values: tlsValuesIn(release.values),
    defaults: tlsValuesIn(GivenValues.of(chart.values ?? {})),
    ...(chartMissing === undefined ? {} : { chartMissing }),
  };
}
