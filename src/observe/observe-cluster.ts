/** One downstream cluster: what Rancher says of it, and what it shows itself. */
import type { AgentWorkload } from "../estate/agent.ts";
import { type Cluster, type Consumer, whyUnreachable } from "../estate/cluster.ts";
import type { NodeAgentSet } from "../estate/node-agent.ts";
import type { Api } from "../kubernetes/api.ts";
import { daemonSets, managementClusters } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { type ManagementCluster, readManagementCluster } from "../rancher/management-cluster.ts";
import { lookAtAgentAgain, lookOverWays, type WaysQuestion, type WaysSeen } from "./cluster-ways.ts";
import { clusterAgentConsumer } from "./consumers/cluster-agent.ts";
import { type FleetRecords, fleetAgentConsumer, observeFleet, observeFleetAgent } from "./consumers/fleet-agent.ts";
import { nodeAgentConsumer } from "./consumers/node-agent.ts";
import { observeUpgradePlans, systemAgentConsumers } from "./consumers/system-agent.ts";
import { type Gap, Gaps } from "./gaps.ts";
import { observeNodeAgents } from "./node-agents.ts";
import { ANSWER_MS, type UsableReach } from "./reaches.ts";
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
  /** Only what a plan is based on: the agent, the way to it, and whether it may be patched. */
  readonly basisAlone?: boolean;
  /** How long a cluster may take to answer before it counts as unreachable. Default 15 s. */
  readonly answerWithinMs?: number;
  /** Why no cluster can be reached through Rancher at all: its token is refused. */
  readonly noReach?: string;
}

export interface ClusterObservation {
  readonly cluster: Cluster;
  readonly gaps: readonly Gap[];
}

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
  const seen = shared.previous?.get(known.id);
  const before = seen === undefined || seen.reach === "none" ? undefined : seen;
  const timeoutMs = shared.answerWithinMs ?? ANSWER_MS;
  const question = { now, timeoutMs, before, noTunnel: shared.noReach, basisAlone: shared.basisAlone ?? false };
  if (before !== undefined && shared.allConsumers !== true) {
    return await lookAgain({ world, known, shared, question }, before);
  }
  const { inside, tunnel, given } = await lookOverWays(world, known.id, question);
  if (inside === undefined) return unseen(known, shared, { tunnel, given });
  const { api, reach, agent, missingCredentials, permissions, kubeSystemUid } = inside;
  const at = now();
  const gaps = new Gaps();
  const { nodeAgents, plans, fleetAgent } =
    shared.basisAlone === true ? NOTHING_SEEN : await othersInside(known, api, gaps);
  const cluster: Cluster = {
    ...factsOf(known),
    tunnel,
    given: [...given],
    reach,
    ...(kubeSystemUid === undefined ? {} : { kubeSystemUid }),
    ...(agent === undefined ? {} : { agent }),
    ...(missingCredentials === undefined ? {} : { missingCredentials }),
    ...(nodeAgents.length === 0 ? {} : { nodeAgents: [...nodeAgents] }),
    permissions: nodeAgents.length === 0 ? permissions : { ...permissions, ...(await mayPatchNodeAgents(api)) },
    consumers: consumersOf(known, shared, { agent, nodeAgents, plans, fleetAgent, at }),
  };
  if (agent === undefined) {
    gaps.add(`cluster ${known.id}`, `It has no Deployment ${AGENT.namespace}/${AGENT.deployment}.`);
  }
  return { cluster, gaps: gaps.found };
}

/** Who trusts Rancher's certificate in a cluster, beside its cluster agent. */
async function othersInside(
  { id }: ManagementCluster,
  api: Api,
  gaps: Gaps,
): Promise<Pick<SeenInside, "nodeAgents" | "plans" | "fleetAgent">> {
  const [nodeAgents, plans, fleetAgent] = await Promise.all([
    gaps.look(`cluster ${id}: daemonsets`, () => observeNodeAgents(api), []),
    gaps.look(`cluster ${id}: upgrade plans`, () => observeUpgradePlans(api), []),
    gaps.look(`cluster ${id}: fleet-agent`, () => observeFleetAgent(api), false),
  ]);
  return { nodeAgents, plans, fleetAgent };
}

async function mayPatchNodeAgents(api: Api): Promise<Pick<Cluster["permissions"], "patchNodeAgents">> {
  return { patchNodeAgents: await api.allowed("patch", daemonSets(AGENT.namespace)) };
}

interface Look {
  readonly world: World;
  readonly known: ManagementCluster;
  readonly shared: SharedFacts;
  readonly question: WaysQuestion;
}

/** Two requests, two more where it has node agents. What hardly changes within a rotation is taken from the earlier look. */
async function lookAgain(look: Look, before: Cluster): Promise<ClusterObservation> {
  const { world, known, shared, question } = look;
  const found = await lookAtAgentAgain(world, before, question);
  const at = question.now();
  const { tunnel, given } = found;
  if (found.seen === undefined) return unseen(known, shared, { tunnel, given });
  const { agent, missingCredentials, reach, permissions } = found.seen;
  const gaps = new Gaps();
  const nodeAgents =
    before.nodeAgents === undefined
      ? []
      : await gaps.look(`cluster ${known.id}: daemonsets`, () => nodeAgentsOver(look, reach), [...before.nodeAgents]);
  const fleetAgent = before.consumers.some(({ kind }) => kind === "fleet-agent");
  const consumers = consumersOf(known, shared, { ...NOTHING_SEEN, agent, nodeAgents, fleetAgent, at });
  const unasked = before.consumers.filter(({ kind }) => kind === "system-agent");
  const cluster: Cluster = {
    ...factsOf(known),
    tunnel,
    given: [...given],
    reach,
    ...(before.kubeSystemUid === undefined ? {} : { kubeSystemUid: before.kubeSystemUid }),
    ...(agent === undefined ? {} : { agent }),
    ...(missingCredentials === undefined ? {} : { missingCredentials }),
    ...(nodeAgents.length === 0 ? {} : { nodeAgents }),
    permissions,
    consumers: [...consumers, ...unasked.filter(({ id }) => consumers.every((consumer) => consumer.id !== id))],
  };
  return { cluster, gaps: gaps.found };
}

async function nodeAgentsOver({ world, known, question }: Look, reach: UsableReach): Promise<NodeAgentSet[]> {
  return await observeNodeAgents(await world.reaches.over(known.id, reach, { timeoutMs: question.timeoutMs }));
}

const UNASKED: Cluster["permissions"] = { patchAgent: "unknown", deletePods: "unknown", listPods: "unknown" };

/** A cluster that answers over no way. */
function unseen(
  known: ManagementCluster,
  shared: SharedFacts,
  { tunnel, given }: Pick<WaysSeen, "tunnel" | "given">,
): ClusterObservation {
  const cluster: Cluster = {
    ...factsOf(known),
    tunnel,
    given: [...given],
    reach: "none",
    permissions: UNASKED,
    consumers: consumersOf(known, shared, { ...NOTHING_SEEN, at: new Date(tunnel.at) }),
  };
  return { cluster, gaps: [{ target: `cluster ${known.id}`, why: whyUnreachable(cluster) }] };
}

/** Since Rancher 2.5 no agent runs in the management cluster: nothing in it verifies the serving certificate. */
function localCluster(world: World, known: ManagementCluster, shared: SharedFacts, at: Date): Cluster {
  return {
    ...factsOf(known),
    tunnel: { kind: "answering", at: at.toISOString() },
    given: [],
    reach: "none",
    kubeSystemUid: world.identity.kubeSystemUid,
    permissions: UNASKED,
    consumers: [...(shared.kubeconfigs.get(known.id) ?? [])],
  };
}

function factsOf(known: ManagementCluster): Omit<Cluster, "tunnel" | "given" | "reach" | "permissions" | "consumers"> {
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
  readonly nodeAgents: readonly NodeAgentSet[];
  readonly plans: readonly string[];
  readonly fleetAgent: boolean;
  readonly at: Date;
}

const NOTHING_SEEN = { agent: undefined, nodeAgents: [], plans: [], fleetAgent: false };

function consumersOf(known: ManagementCluster, shared: SharedFacts, seen: SeenInside): Consumer[] {
  const { id } = known;
  const { agent, nodeAgents, plans, fleetAgent, at } = seen;
  const { fleet, servedBundle } = shared;
  const connected = known.connected?.status === "True" && known.ready?.status === "True";
  const found = [
    clusterAgentConsumer(agent, { clusterId: id, now: at, connected }),
    ...nodeAgents.map((set) => nodeAgentConsumer(id, set, at)),
    ...systemAgentConsumers(known, plans),
    fleetAgentConsumer(id, { fleet, present: fleetAgent, servedBundle, at }),
    ...(shared.kubeconfigs.get(id) ?? []),
  ];
  return found.filter((consumer) => consumer !== undefined);
}
