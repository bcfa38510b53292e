/** One downstream cluster: what Rancher says of it, and what it shows itself. */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Cluster, Consumer } from "../estate/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { daemonSets, deployments, managementClusters, namespaces, pods } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { type ManagementCluster, readManagementCluster } from "../rancher/management-cluster.ts";
import { observeAgent } from "./agent.ts";
import { clusterAgentConsumer } from "./consumers/cluster-agent.ts";
import { type FleetRecords, fleetAgentConsumer, observeFleet, observeFleetAgent } from "./consumers/fleet-agent.ts";
import { nodeAgentConsumer } from "./consumers/node-agent.ts";
import { windowsNodeAgentConsumer } from "./consumers/node-agent-windows.ts";
import { observeUpgradePlans, systemAgentConsumers } from "./consumers/system-agent.ts";
import { type Gap, Gaps, whyOf } from "./gaps.ts";
import type { World } from "./world.ts";

/** What is known of all clusters at once, so that it need not be asked for each. */
export interface SharedFacts {
  readonly fleet: FleetRecords;
  readonly kubeconfigs: ReadonlyMap<string, readonly Consumer[]>;
  /** The bundle as served now. */
  readonly servedBundle: string;
  /** What an earlier look saw, by id: then only the agent is looked at again, unless `allConsumers`. */
  readonly previous?: ReadonlyMap<string, Cluster>;
  readonly allConsumers?: boolean;
  /** How long a cluster may take to answer before it counts as unreachable. Default 15 s. */
  readonly answerWithinMs?: number;
  /** Why no cluster can be reached through Rancher at all: its token is refused. */
  readonly noReach?: string;
}

export interface ClusterObservation {
  readonly cluster: Cluster;
  readonly gaps: readonly Gap[];
}

/** A cluster that answers slower than this is as good as unreachable for a look. */
const ANSWER_MS = 15_000;

/**
 * Looks at one cluster by its id, for gates and steps; undefined when Rancher has no such cluster. Throws an
 * `ApiError` only for the management cluster: a downstream cluster that does not answer is `tunnel: unreachable`.
 */
export async function observeCluster(world: World, id: string, now: () => Date): Promise<Cluster | undefined> {
  const object = await world.management.get(managementClusters, id);
  const known = object === undefined ? undefined : readManagementCluster(object);
  if (known === undefined) return undefined;
  const gaps = new Gaps();
  const [fleet, served] = await Promise.all([
    gaps.look("fleet", () => observeFleet(world.management), new Map()),
    gaps.look("cacerts", () => world.rancher.cacerts(), { value: "", source: "" }),
  ]);
  const shared = { fleet, kubeconfigs: new Map(), servedBundle: served.value };
  return (await lookAtCluster(world, known, shared, now)).cluster;
}

/** Looks at one cluster that the management cluster's list has shown. */
export async function lookAtCluster(
  world: World,
  known: ManagementCluster,
  shared: SharedFacts,
  now: () => Date,
): Promise<ClusterObservation> {
  if (known.local) return { cluster: localCluster(world, known, shared, now()), gaps: [] };
  if (shared.noReach !== undefined) return unreachable(known, shared, now(), shared.noReach);
  const api = world.rancher.downstream(known.id, { timeoutMs: shared.answerWithinMs ?? ANSWER_MS });
  const seen = shared.previous?.get(known.id);
  const before = seen?.tunnel.kind === "answering" ? seen : undefined;
  if (before !== undefined && shared.allConsumers !== true) {
    return await lookAgain({ api, known, shared, now }, before);
  }
  let inside: Inside;
  try {
    inside = await lookInside(api, before);
  } catch (error) {
    return unreachable(known, shared, now(), whyOf(error));
  }
  const at = now();
  const gaps = new Gaps();
  const [permissions, sets, plans, fleetAgent] = await Promise.all([
    before?.permissions ?? observePermissions(api),
    gaps.look(`cluster ${known.id}: daemonsets`, () => observeDaemonSets(api), []),
    gaps.look(`cluster ${known.id}: upgrade plans`, () => observeUpgradePlans(api), []),
    gaps.look(`cluster ${known.id}: fleet-agent`, () => observeFleetAgent(api), false),
  ]);
  const cluster: Cluster = {
    ...factsOf(known),
    tunnel: { kind: "answering", at: at.toISOString() },
    ...(inside.kubeSystemUid === undefined ? {} : { kubeSystemUid: inside.kubeSystemUid }),
    ...(inside.agent === undefined ? {} : { agent: inside.agent }),
    permissions,
    consumers: consumersOf(known, shared, { agent: inside.agent, sets, plans, fleetAgent, at }),
  };
  if (inside.agent === undefined) {
    gaps.add(`cluster ${known.id}`, `It has no Deployment ${AGENT.namespace}/${AGENT.deployment}.`);
  }
  return { cluster, gaps: gaps.found };
}

interface Look {
  readonly api: Api;
  readonly known: ManagementCluster;
  readonly shared: SharedFacts;
  readonly now: () => Date;
}

/** Two requests. What hardly changes within a rotation (permissions, node agents) is taken from the earlier look. */
async function lookAgain({ api, known, shared, now }: Look, before: Cluster): Promise<ClusterObservation> {
  let agent: AgentWorkload | undefined;
  try {
    agent = await observeAgent(api);
  } catch (error) {
    return unreachable(known, shared, now(), whyOf(error));
  }
  const at = now();
  const seen = { ...NOTHING_SEEN, agent, fleetAgent: before.consumers.some(({ kind }) => kind === "fleet-agent"), at };
  const consumers = consumersOf(known, shared, seen);
  const unasked = before.consumers.filter(({ kind }) => NODE_KINDS.includes(kind));
  const cluster: Cluster = {
    ...factsOf(known),
    tunnel: { kind: "answering", at: at.toISOString() },
    ...(before.kubeSystemUid === undefined ? {} : { kubeSystemUid: before.kubeSystemUid }),
    ...(agent === undefined ? {} : { agent }),
    permissions: before.permissions,
    consumers: [...consumers, ...unasked.filter(({ id }) => consumers.every((consumer) => consumer.id !== id))],
  };
  return { cluster, gaps: [] };
}

const NODE_KINDS: readonly Consumer["kind"][] = ["node-agent", "node-agent-windows", "system-agent"];

interface Inside {
  readonly kubeSystemUid: string | undefined;
  readonly agent: AgentWorkload | undefined;
}

async function lookInside(api: Api, before: Cluster | undefined): Promise<Inside> {
  if (before?.kubeSystemUid !== undefined) {
    return { kubeSystemUid: before.kubeSystemUid, agent: await observeAgent(api) };
  }
  // One request first: a cluster that is away is asked once, not six times.
  const kubeSystem = await api.get(namespaces, "kube-system");
  return { kubeSystemUid: kubeSystem?.metadata.uid, agent: await observeAgent(api) };
}

async function observeDaemonSets(api: Api): Promise<readonly KubeObject[]> {
  return (await api.list(daemonSets(AGENT.namespace))).items;
}

async function observePermissions(api: Api): Promise<Cluster["permissions"]> {
  const [patchAgent, deletePods, listPods] = await Promise.all([
    api.allowed("patch", deployments(AGENT.namespace), AGENT.deployment),
    api.allowed("delete", pods(AGENT.namespace)),
    api.allowed("list", pods(AGENT.namespace)),
  ]);
  return { patchAgent, deletePods, listPods };
}

const UNASKED: Cluster["permissions"] = { patchAgent: "unknown", deletePods: "unknown", listPods: "unknown" };

function unreachable(known: ManagementCluster, shared: SharedFacts, at: Date, why: string): ClusterObservation {
  const cluster: Cluster = {
    ...factsOf(known),
    tunnel: { kind: "unreachable", at: at.toISOString(), why },
    permissions: UNASKED,
    consumers: consumersOf(known, shared, { ...NOTHING_SEEN, at }),
  };
  return { cluster, gaps: [{ target: `cluster ${known.id}`, why }] };
}

/** Since Rancher 2.5 no agent runs in the management cluster: nothing in it verifies the serving certificate. */
function localCluster(world: World, known: ManagementCluster, shared: SharedFacts, at: Date): Cluster {
  return {
    ...factsOf(known),
    tunnel: { kind: "answering", at: at.toISOString() },
    kubeSystemUid: world.identity.kubeSystemUid,
    permissions: UNASKED,
    consumers: [...(shared.kubeconfigs.get(known.id) ?? [])],
  };
}

function factsOf(known: ManagementCluster): Omit<Cluster, "tunnel" | "permissions" | "consumers"> {
  const { id, name, local, driver, kubernetesVersion, connected, ready, redeployPending } = known;
  return {
    id,
    name,
    local,
    driver,
    kubernetesVersion,
    ...(connected === undefined ? {} : { connected }),
    ...(ready === undefined ? {} : { ready }),
    redeployPending,
  };
}

interface SeenInside {
  readonly agent: AgentWorkload | undefined;
  readonly sets: readonly KubeObject[];
  readonly plans: readonly string[];
  readonly fleetAgent: boolean;
  readonly at: Date;
}

const NOTHING_SEEN = { agent: undefined, sets: [], plans: [], fleetAgent: false };

function consumersOf(known: ManagementCluster, shared: SharedFacts, seen: SeenInside): Consumer[] {
  const { id } = known;
  const { agent, sets, plans, fleetAgent, at } = seen;
  const { fleet, servedBundle } = shared;
  const connected = known.connected?.status === "True" && known.ready?.status === "True";
  const found = [
    clusterAgentConsumer(agent, { clusterId: id, now: at, connected }),
    nodeAgentConsumer(id, sets, at),
    windowsNodeAgentConsumer(id, sets, at),
    ...systemAgentConsumers(known, plans),
    fleetAgentConsumer(id, { fleet, present: fleetAgent, servedBundle, at }),
    ...(shared.kubeconfigs.get(id) ?? []),
  ];
  return found.filter((consumer) => consumer !== undefined);
}
