/** The world → Estate: everything that checks, planning and people look at, in one value. */
import type { Estate } from "../estate/estate.ts";
import { listManagementClusters } from "../rancher/management-cluster.ts";
import { observeAccess } from "./access.ts";
import { mapLimited } from "./concurrency.ts";
import { observeFleet } from "./consumers/fleet-agent.ts";
import { observeKubeconfigs } from "./consumers/kubeconfig.ts";
import { Gaps } from "./gaps.ts";
import { observeHelm } from "./helm.ts";
import { observeInstallation, observeServer } from "./installation.ts";
import { lookAtCluster, type SharedFacts } from "./observe-cluster.ts";
import { observeServing } from "./serving.ts";
import { observeTrust } from "./trust.ts";
import type { World } from "./world.ts";

export interface ObserveOptions {
  readonly now: () => Date;
  /** Clusters that are looked at at the same time. Default 32. */
  readonly concurrency?: number;
  /**
   * An estate as seen earlier in the same run. What hardly changes is then taken from it (permissions, node agents, the
   * token's clusters), so that looking again costs two requests for each cluster; a new cluster is looked at whole.
   */
  readonly previous?: Estate;
  /** Nothing about consumers is taken from `previous`: five requests for each cluster. Default false. */
  readonly allConsumers?: boolean;
  /**
   * Of clusters only what a plan is based on (see `staleness`): four requests for each instead of ten. Such an estate names
   * no consumer but the cluster agents; no gate is asked of it. Default false.
   */
  readonly basisAlone?: boolean;
  /** Values of Rancher's chart are to change, whatever they are now: the helm that is here is looked at. Default false. */
  readonly upgrades?: boolean;
  /** Only these clusters, by id; all where absent. */
  readonly only?: readonly string[];
  /** How long a cluster may take to answer before it counts as unreachable. Default 15 s. */
  readonly answerWithinMs?: number;
  /** Called after each cluster. */
  readonly onCluster?: (done: number, total: number) => void;
}

/**
 * Looks at everything. What cannot be reached becomes a gap; only the list of clusters is indispensable, and an
 * `ApiError` is thrown when the management cluster does not give it.
 */
export async function observeEstate(world: World, options: ObserveOptions): Promise<Estate> {
  const { now, previous } = options;
  const gaps = new Gaps();
  const { only } = options;
  const known = (await listManagementClusters(world.management)).filter(({ id }) => only?.includes(id) ?? true);
  const server = await observeServer(world, gaps);
  const [access, installation, { serving, ...source }, trust, fleet, kubeconfigs] = await Promise.all([
    observeAccess(world, gaps, previous?.access),
    observeInstallation(world, { server, gaps, previous: previous?.installation }),
    observeServing(world, now, gaps),
    observeTrust(world, { server, gaps, previous: previous?.trust }),
    gaps.look("clusters.fleet.cattle.io", () => observeFleet(world.management), new Map()),
    gaps.look("tokens.management.cattle.io", () => observeKubeconfigs(world.management), new Map()),
  ]);
  const shared: SharedFacts = {
    fleet,
    kubeconfigs,
    servedBundle: trust.served[0] ?? trust.stored,
    ...(previous === undefined ? {} : { previous: new Map(previous.clusters.map((cluster) => [cluster.id, cluster])) }),
    allConsumers: options.allConsumers ?? false,
    basisAlone: options.basisAlone ?? false,
    ...(options.answerWithinMs === undefined ? {} : { answerWithinMs: options.answerWithinMs }),
    ...(access.token.valid ? {} : { noReach: "Rancher refuses the API token." }),
  };
  const { upgrades = false } = options;
  const helm =
    previous === undefined ? await observeHelm(world, { ...installation, ...source, upgrades }) : previous.access.helm;
  let done = 0;
  const looked = await mapLimited(known, options.concurrency ?? 32, async (cluster) => {
    const observation = await lookAtCluster(world, cluster, shared, now);
    options.onCluster?.(++done, known.length);
    return observation;
  });
  return {
    format: "farrier.estate/v1",
    observedAt: now().toISOString(),
    identity: world.identity,
    access: { ...access, ...(helm === undefined ? {} : { helm }) },
    installation: { ...installation, ...source },
    serving,
    trust,
    clusters: looked.map(({ cluster }) => cluster),
    gaps: [...gaps.found, ...looked.flatMap((observation) => observation.gaps)],
  };
}
