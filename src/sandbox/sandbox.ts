import type { Audit } from "./api-server/audit.ts";
import type { AccessRule } from "./api-server/authorization.ts";
import { kubeconfigText } from "./api-server/kubeconfig.ts";
import type { Clock } from "./clock.ts";
import type { ClusterClient } from "./cluster-client.ts";
import { conditionStatus } from "./rancher/cluster-status.ts";
import { CLUSTERS } from "./rancher/resources.ts";
import type { SandboxPki } from "./scenario/authority.ts";
import { ClusterDoors } from "./scenario/cluster-doors.ts";
import { ControlEndpoint } from "./scenario/control-endpoint.ts";
import type { DownstreamCluster } from "./scenario/downstream-cluster.ts";
import { Estate } from "./scenario/estate.ts";
import { FaultInjection } from "./scenario/fault-injection.ts";
import type { Fault } from "./scenario/faults.ts";
import type { RancherContainer } from "./scenario/rancher-container.ts";
import { parseScenario, type ScenarioInput } from "./scenario/scenario.ts";
import type { Statistics } from "./scenario/statistics.ts";
import { type WaitOptions, waitUntil } from "./scenario/waiting.ts";

/** A downstream cluster of a running sandbox. */
export interface SandboxCluster {
  /** As in `clusters.management.cattle.io`. */
  readonly id: string;
  readonly name: string;
  /** Its API as administrator, in this process, whatever happens to its agent. */
  readonly client: ClusterClient;
  /** What its API server was asked, by anybody. */
  readonly audit: Audit;
  /** Its own API server, not through Rancher. */
  readonly kubeconfig: string;
  /** The same for an account of its own, which may do this and no more. */
  kubeconfigAs(rules: readonly AccessRule[]): string;
  /** Whether its agent holds both sessions now. */
  connected(): boolean;
}

/** A running sandbox. Everything in it is reached over the network like the real thing; what is here is for judging. */
export interface Sandbox {
  /** `https://localhost:<port>`: Rancher's `server-url`. */
  readonly serverUrl: string;
  /** An administrator's API token, `token-xxxxx:<secret>`. */
  readonly token: string;
  /** Context `management`: the management cluster's own API server. */
  readonly managementKubeconfig: string;
  /** Context `management`, and one per downstream cluster by its display name. */
  readonly kubeconfig: string;
  /** For other processes: statistics and faults over HTTP. */
  readonly controlUrl: string;
  readonly management: ClusterClient;
  /** The cluster of the Rancher that has provisioned the management cluster, where the scenario has one; context `hosting`. */
  readonly hosting: ClusterClient | undefined;
  /** Rancher's only process, where the scenario has it run in a single container: what `docker stop` and `start` do. */
  readonly rancherContainer: Pick<RancherContainer, "start" | "stop"> | undefined;
  readonly clusters: readonly SandboxCluster[];
  readonly pki: SandboxPki;
  readonly clock: Clock;
  /** The management cluster's API server, for its audit and its faults. */
  readonly managementServer: Estate["management"]["server"];
  /** @throws FarrierError `input.invalid` when there is none of this ID or display name */
  cluster(idOrName: string): SandboxCluster;
  statistics(): Statistics;
  inject(fault: Fault): Promise<void>;
  /** Deletes the agent's pods. */
  restartAgent(cluster: string): Promise<void>;
  /** What `kubectl rollout restart deploy/rancher` does. It does not wait. */
  restartRancher(): Promise<void>;
  /** Looks every few milliseconds. @throws Error that says what was waited for, when it takes too long */
  waitUntil(condition: () => boolean | Promise<boolean>, options?: WaitOptions): Promise<void>;
  /** Both sessions are open and Rancher shows `Connected` and `Ready`; of one cluster, or of all that can connect. */
  waitUntilConnected(cluster?: string, options?: WaitOptions): Promise<void>;
  /** Leaves no listener, socket or timer behind. */
  stop(): Promise<void>;
}

/**
 * Starts an estate. Resolves when Rancher serves and every cluster that is meant to connect is `Connected`.
 * @throws FarrierError `input.invalid` when the scenario is not valid
 */
export async function startSandbox(input: ScenarioInput = {}): Promise<Sandbox> {
  const scenario = parseScenario(input);
  const estate = await Estate.start(scenario);
  const faults = new FaultInjection(estate);
  const doors = new ClusterDoors(estate);
  try {
    const sandbox = await open(estate, faults, doors);
    const early = scenario.faults.filter(({ kind }) => kind === "offline");
    for (const fault of early) await sandbox.inject(fault);
    await sandbox.waitUntilConnected(undefined, { seconds: STARTUP_SECONDS });
    for (const fault of scenario.faults) if (isLate(fault)) await sandbox.inject(fault);
    return sandbox;
  } catch (error) {
    faults.stop();
    await doors.close();
    await estate.stop();
    throw error;
  }
}

/** Wall seconds within which the estate must have come up. */
const STARTUP_SECONDS = 120;

/** Faults that are neither there from the beginning nor built into the objects. */
function isLate({ kind }: Fault): boolean {
  return kind !== "offline" && kind !== "drifted" && kind !== "token-expires";
}

async function open(estate: Estate, faults: FaultInjection, doors: ClusterDoors): Promise<Sandbox> {
  const access = await doors.open();
  const clusters = estate.downstream.map((cluster) => sandboxCluster(cluster, estate, doors));
  const clusterOf = (name: string): SandboxCluster => {
    const { id } = faults.cluster(name);
    // Every downstream cluster has exactly one counterpart, made one line above.
    return clusters.find((cluster) => cluster.id === id) as SandboxCluster;
  };
  const restartAgent = (name: string) => faults.restartAgent(faults.cluster(name));
  const control = new ControlEndpoint({
    statistics: () => estate.statistics.read(),
    clusters: () => clusters.map(({ id, name, connected }) => ({ id, name, connected: connected() })),
    kubeconfig: () => kubeconfigText(doors.entries),
    inject: (fault) => faults.inject(fault),
    restartAgent,
  });
  const sandbox: Sandbox = {
    serverUrl: estate.serverUrl,
    token: estate.token,
    managementKubeconfig: kubeconfigText(access.slice(0, 1)),
    get kubeconfig() {
      return kubeconfigText(doors.entries);
    },
    controlUrl: await control.listen(),
    management: estate.management.client,
    rancherContainer: estate.rancherContainer,
    hosting: estate.hosting?.cluster.client,
    clusters,
    pki: estate.pki,
    clock: estate.clock,
    managementServer: estate.management.server,
    cluster: clusterOf,
    statistics: () => estate.statistics.read(),
    inject: (fault) => faults.inject(fault),
    restartAgent,
    restartRancher: () => faults.restartRancher(),
    waitUntil,
    waitUntilConnected: (name, options) => {
      const awaited = name === undefined ? expected(estate) : [faults.cluster(name)];
      const what = `${name ?? "every cluster"} to be connected`;
      return waitUntil(() => allConnected(estate, awaited), { what, ...options });
    },
    async stop() {
      // The clock's timers do not hold the process; what is awaited here needs them, so that it must live on till the end.
      const alive = setInterval(() => {}, 1_000);
      faults.stop();
      await control.close();
      await doors.close();
      await estate.stop().finally(() => clearInterval(alive));
    },
  };
  return sandbox;
}

function sandboxCluster({ id, name, cluster }: DownstreamCluster, estate: Estate, doors: ClusterDoors): SandboxCluster {
  return {
    id,
    name,
    client: cluster.client,
    audit: cluster.server.audit,
    get kubeconfig() {
      return kubeconfigText([doors.entry(name)]);
    },
    kubeconfigAs: (rules) => kubeconfigText([doors.entryAs({ name, server: cluster.server }, rules)]),
    connected: () => estate.statistics.isConnected(id),
  };
}

/** Clusters whose agents run and whose link is not cut. */
function expected(estate: Estate): readonly DownstreamCluster[] {
  return estate.downstream.filter(({ link, description }) => link.up && description.agents > 0);
}

async function allConnected(estate: Estate, clusters: readonly DownstreamCluster[]): Promise<boolean> {
  if (!clusters.every(({ id }) => estate.statistics.isConnected(id))) return false;
  const { items } = await estate.management.client.list(CLUSTERS);
  const objects = new Map(items.map((item) => [item.metadata.name, item]));
  return clusters.every(({ id }) => {
    const object = objects.get(id);
    if (object === undefined) return false;
    return conditionStatus(object, "Connected") === "True" && conditionStatus(object, "Ready") === "True";
  });
}
