/** Looking into a cluster over every way to it, and choosing the one over which it is dealt with. */

import { type ErrorCode, FarrierError } from "../errors.ts";
import type { AgentWorkload } from "../estate/agent.ts";
import type { Cluster, GivenReach, ReachFault } from "../estate/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { deployments, namespaces, pods } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { observeAgent } from "./agent.ts";
import { missingCredentials } from "./credentials.ts";
import { whyOf } from "./gaps.ts";
import { proveCluster } from "./reach-proof.ts";
import type { GivenWay, UsableReach } from "./reaches.ts";
import type { World } from "./world.ts";

/** What one way shows of a cluster. */
interface Inside {
  readonly reach: UsableReach;
  readonly api: Api;
  readonly kubeSystemUid: string | undefined;
  readonly agent: AgentWorkload | undefined;
  readonly missingCredentials: string | undefined;
  readonly permissions: Cluster["permissions"];
}

export interface WaysSeen {
  /** Over the way that was chosen; undefined where none answers. */
  readonly inside: Inside | undefined;
  readonly tunnel: Cluster["tunnel"];
  readonly given: readonly GivenReach[];
}

export interface WaysQuestion {
  readonly now: () => Date;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** The cluster as an earlier look saw it. */
  readonly before: Cluster | undefined;
  /** Why Rancher's tunnel need not be tried at all. */
  readonly noTunnel: string | undefined;
  /** Of permissions only that to patch the agent, and nothing of what it registers with. */
  readonly basisAlone: boolean;
}

/**
 * Tries the tunnel, and in the first look (or where the tunnel does not do) every other way, so that it is known before
 * anything is changed which of them would work. The choice is told to the world's steps.
 */
export async function lookOverWays(world: World, id: string, question: WaysQuestion): Promise<WaysSeen> {
  const { before, now } = question;
  const through = await lookThroughTunnel(world, id, question);
  world.reaches.know(id, through.inside?.kubeSystemUid);
  const suffices = through.inside !== undefined && through.inside.permissions.patchAgent !== "no";
  if (suffices && before !== undefined) return settled(world, id, { ...through, given: before.given });
  const looks = [];
  for (const way of world.reaches.given(id)) looks.push(await lookOver(world, id, way, { ...question, now }));
  const insides = [through.inside, ...looks.map(({ inside }) => inside)].filter((one) => one !== undefined);
  const inside = insides.find(({ permissions }) => permissions.patchAgent !== "no") ?? insides[0];
  return settled(world, id, { inside, tunnel: through.tunnel, given: looks.map(({ given }) => given) });
}

function settled(world: World, id: string, seen: WaysSeen): WaysSeen {
  const { inside, tunnel } = seen;
  const why = tunnel.kind === "unreachable" ? tunnel.why : "its account may not patch the agent";
  if (inside !== undefined) world.reaches.use(id, inside.reach, inside.reach === "rancher" ? undefined : why);
  return seen;
}

type TunnelSeen = Pick<WaysSeen, "inside" | "tunnel">;

async function lookThroughTunnel(world: World, id: string, question: WaysQuestion): Promise<TunnelSeen> {
  const { now, timeoutMs, before, noTunnel, basisAlone } = question;
  if (noTunnel !== undefined) return { inside: undefined, tunnel: unreachable(now, noTunnel) };
  try {
    const api = world.rancher.downstream(id, { timeoutMs });
    const known = before?.reach === "rancher" ? before : undefined;
    const inside = basisAlone ? await lookAtBasis(api) : await lookInside("rancher", api, known);
    return { inside, tunnel: { kind: "answering", at: now().toISOString() } };
  } catch (error) {
    return { inside: undefined, tunnel: unreachable(now, whyOf(error), isClustersAnswer(error)) };
  }
}

/** One request first: a cluster that is away is asked once, not six times. */
async function lookInside(reach: UsableReach, api: Api, known: Cluster | undefined): Promise<Inside> {
  const kubeSystemUid = known?.kubeSystemUid ?? (await api.get(namespaces, "kube-system"))?.metadata.uid;
  const [agent, permissions] = await Promise.all([observeAgent(api), known?.permissions ?? observePermissions(api)]);
  const missing = known === undefined ? missingCredentials(api, agent) : stillMissing(api, agent, known);
  return { reach, api, kubeSystemUid, agent, permissions, missingCredentials: await missing };
}

async function lookAtBasis(api: Api): Promise<Inside> {
  const kubeSystemUid = (await api.get(namespaces, "kube-system"))?.metadata.uid;
  const [agent, patchAgent] = await Promise.all([observeAgent(api), mayPatchAgent(api)]);
  const permissions = { patchAgent, deletePods: "unknown", listPods: "unknown" } as const;
  return { reach: "rancher", api, kubeSystemUid, agent, permissions, missingCredentials: undefined };
}

interface WaySeen {
  readonly inside: Inside | undefined;
  readonly given: GivenReach;
}

async function lookOver(world: World, id: string, way: GivenWay, { now, timeoutMs }: WaysQuestion): Promise<WaySeen> {
  const { reach, called } = way;
  const unusable = (fault: ReachFault, why: string): WaySeen => {
    const state = { kind: "unusable", at: now().toISOString(), fault, why } as const;
    return { inside: undefined, given: { reach, called, state } };
  };
  try {
    const api = await world.reaches.over(id, reach, { timeoutMs });
    const proof = await proveCluster(api, world.reaches.identity(id));
    if (proof.kind === "not-proved") return unusable(proof.fault, `The ${called} is not used: ${proof.why}.`);
    world.reaches.know(id, proof.kubeSystemUid);
    const [agent, permissions] = await Promise.all([observeAgent(api), observePermissions(api)]);
    const { kubeSystemUid } = proof;
    const missing = await missingCredentials(api, agent);
    const inside = { reach, api, kubeSystemUid, agent, permissions, missingCredentials: missing };
    const state = { kind: "answering", at: now().toISOString(), permissions } as const;
    return { inside, given: { reach, called, state } };
  } catch (error) {
    world.reaches.discard(id, reach);
    return unusable(faultOf(error), whyOf(error));
  }
}

interface AgentSeen {
  readonly reach: UsableReach;
  readonly agent: AgentWorkload | undefined;
  readonly missingCredentials: string | undefined;
  readonly permissions: Cluster["permissions"];
}

/** An agent over the way that it was last seen over, or over the next one; what hardly changes is not asked again. */
export async function lookAtAgentAgain(
  world: World,
  before: Cluster,
  question: WaysQuestion,
): Promise<Pick<WaysSeen, "tunnel" | "given"> & { readonly seen: AgentSeen | undefined }> {
  const { id } = before;
  const { now } = question;
  const all: readonly UsableReach[] = ["rancher", ...world.reaches.given(id).map(({ reach }) => reach)];
  const failed = new Map<UsableReach, Failure>();
  for (const reach of [...all].sort((a, b) => Number(b === before.reach) - Number(a === before.reach))) {
    try {
      const seen = await agentOver(world, { before, reach, question });
      const [first] = failed.values();
      world.reaches.use(id, reach, first?.why);
      const away = failed.get("rancher");
      if (away !== undefined)
        return { seen, tunnel: unreachable(now, away.why, away.answered), given: stillGiven(before, failed, now) };
      const tunnel = reach === "rancher" ? answering(now) : await tunnelState(world, id, question);
      return { seen, tunnel, given: stillGiven(before, failed, now) };
    } catch (error) {
      world.reaches.discard(id, reach);
      failed.set(reach, { fault: faultOf(error), why: whyOf(error), answered: isClustersAnswer(error) });
    }
  }
  const { why = "It does not answer.", answered = false } = failed.get("rancher") ?? {};
  return { seen: undefined, tunnel: unreachable(now, why, answered), given: stillGiven(before, failed, now) };
}

interface Failure {
  readonly fault: ReachFault;
  readonly why: string;
  readonly answered: boolean;
}

/** What an earlier look found of the given ways, but for those that have failed since. */
function stillGiven(before: Cluster, failed: ReadonlyMap<UsableReach, Failure>, now: () => Date): GivenReach[] {
  return before.given.map((given) => {
    const failure = failed.get(given.reach);
    if (failure === undefined) return given;
    const { fault, why } = failure;
    return { ...given, state: { kind: "unusable", at: now().toISOString(), fault, why } };
  });
}

async function agentOver(
  world: World,
  {
    before,
    reach,
    question,
  }: { readonly before: Cluster; readonly reach: UsableReach; readonly question: WaysQuestion },
): Promise<AgentSeen> {
  if (reach === "rancher" && question.noTunnel !== undefined) {
    throw new FarrierError("rancher.token-refused", question.noTunnel);
  }
  const api = await world.reaches.over(before.id, reach, { timeoutMs: question.timeoutMs });
  if (reach === before.reach) {
    const agent = await observeAgent(api);
    return {
      reach,
      agent,
      permissions: before.permissions,
      missingCredentials: await stillMissing(api, agent, before),
    };
  }
  const proof = await proveCluster(api, world.reaches.identity(before.id));
  if (proof.kind === "not-proved") {
    throw new FarrierError("reach.other-cluster", `A way to ${before.id} is not used: ${proof.why}.`);
  }
  const [agent, permissions] = await Promise.all([observeAgent(api), observePermissions(api)]);
  return { reach, agent, permissions, missingCredentials: await stillMissing(api, agent, before) };
}

/** What was there is not asked for again before a pod does not start: that shows its loss. */
async function stillMissing(api: Api, agent: AgentWorkload | undefined, before: Cluster): Promise<string | undefined> {
  const doubtful = before.missingCredentials !== undefined || agent?.pods.some(({ hasRun }) => !hasRun) === true;
  return doubtful ? await missingCredentials(api, agent) : undefined;
}

/** For the gates that ask about sessions, where the cluster is dealt with past the tunnel. */
async function tunnelState(world: World, id: string, question: WaysQuestion): Promise<Cluster["tunnel"]> {
  const { now, timeoutMs, noTunnel } = question;
  if (noTunnel !== undefined) return unreachable(now, noTunnel);
  try {
    await world.rancher.downstream(id, { timeoutMs }).get(namespaces, "kube-system");
    return answering(now);
  } catch (error) {
    return unreachable(now, whyOf(error), isClustersAnswer(error));
  }
}

/**
 * Kubernetes' own words for a right that is missing, about something in the cluster: who sees the management cluster's list
 * of clusters need not have any rights in each of them, and Rancher passes a request on as the person who asks
 * (pkg/impersonation). Whoever has no access to the cluster at all is refused by Rancher itself, in the same words about
 * `clusters.management.cattle.io`, and nothing has gone through the tunnel.
 */
function isClustersAnswer(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status === 403 &&
    / cannot \w+ resource "(namespaces|deployments|pods)" in API group "(apps)?" /.test(error.message)
  );
}

function answering(now: () => Date): Cluster["tunnel"] {
  return { kind: "answering", at: now().toISOString() };
}

function unreachable(now: () => Date, why: string, answered = false): Cluster["tunnel"] {
  return { kind: "unreachable", at: now().toISOString(), why, ...(answered ? { answered: true } : {}) };
}

async function observePermissions(api: Api): Promise<Cluster["permissions"]> {
  const [patchAgent, deletePods, listPods] = await Promise.all([
    mayPatchAgent(api),
    api.allowed("delete", pods(AGENT.namespace)),
    api.allowed("list", pods(AGENT.namespace)),
  ]);
  return { patchAgent, deletePods, listPods };
}

function mayPatchAgent(api: Api): ReturnType<Api["allowed"]> {
  return api.allowed("patch", deployments(AGENT.namespace), AGENT.deployment);
}

function faultOf(error: unknown): ReachFault {
  if (!(error instanceof FarrierError)) return "unreachable";
  return FAULTS[error.code] ?? "unreachable";
}

const FAULTS: Readonly<Partial<Record<ErrorCode, ReachFault>>> = {
  "kubeconfig.through-rancher": "through-rancher",
  "reach.other-cluster": "other-cluster",
  "kubeconfig.context": "invalid",
  "kubeconfig.credentials": "invalid",
  "kubeconfig.insecure": "invalid",
  "kubeconfig.invalid": "invalid",
  "input.file-empty": "invalid",
  "input.file-missing": "invalid",
  "input.file-too-large": "invalid",
  "input.file-unreadable": "invalid",
  "ssh.host-key": "host-key",
  "ssh.missing": "invalid",
  "ssh.no-kubeconfig": "invalid",
  "ssh.refused": "expired",
  "api.unauthorized": "expired",
  "api.forbidden": "forbidden",
};
