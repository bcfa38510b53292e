/** What one cluster holds a gate with. */

import type { AgentWorkload } from "../../estate/agent.ts";
import { armingObstacles, livePods, type Obstacle, startObstacles } from "../../estate/agent-state.ts";
import { type Cluster, whyUnreachable } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import { pinOf } from "../../pki/pin.ts";
import type { Epoch, Plan } from "../plan.ts";
import { plannedCluster, stepsOf } from "../reading.ts";
import { called } from "../steps/context.ts";
import { usesSystemStore } from "../system-store.ts";
import type { Hold } from "./hold.ts";
import { nodeArmedHolds, nodeStartedHolds } from "./node-agent-holds.ts";

export interface ClusterQuestion {
  readonly plan: Plan;
  readonly estate: Estate;
  readonly cluster: Cluster;
  readonly epoch: Epoch;
  readonly now: Date;
}

/** Armed for the epoch, or started with it already; or the plan's author let it pass unarmed. */
export function armedHolds(question: ClusterQuestion): Hold[] {
  const { plan, cluster } = question;
  const accepted = plannedCluster(plan, cluster.id)?.unarmedAccepted === true;
  const agent = accepted ? [] : agentHolds(cluster, (workload) => notArmed(workload, question));
  const nodes = nodeArmedHolds(question);
  return [...[...agent, ...nodes].map((hold) => withRedeployHint(hold, question)), ...otherHolds(question)];
}

/** For a flag day: armed, if the plan arms it; who the plan says will be cut off holds nothing with its agent. */
export function preparedHolds(question: ClusterQuestion): Hold[] {
  const { plan, cluster } = question;
  const isNew = plannedCluster(plan, cluster.id) === undefined;
  const arms = plan.stages.flatMap(stepsOf).some(({ kind, target }) => kind === "arm-agent" && target === cluster.id);
  if (!arms && !isNew) return otherHolds(question);
  return armedHolds(question).map((hold) =>
    isUnseen(hold, cluster) ? { ...hold, hint: beforeFlagDay(cluster) } : hold,
  );
}

function isUnseen({ target }: Hold, cluster: Cluster): boolean {
  return target === agentId(cluster) && cluster.reach === "none";
}

/** Waiting for its tunnel would be in vain: what Rancher presents until then is why there is a flag day. */
function beforeFlagDay({ id }: Cluster): string {
  return `While Rancher presents a certificate that it refuses, its agent does not come back. Armed, it does so by itself after the flag day; if it is not, somebody on site moves it then: farrier rescue-kit ${id} --rotation ROTATION. Either way leave it behind now: farrier waive ROTATION ${id} --by … --reason … --until ….`;
}

/** Nobody will arm a cluster that is to be redeployed: a person has to say whether its risk is taken. */
function withRedeployHint(hold: Hold, { plan, cluster, epoch }: ClusterQuestion): Hold {
  if (plannedCluster(plan, cluster.id)?.method !== "redeploy") return hold;
  const risk = usesSystemStore(epoch)
    ? "it never shows beforehand that it accepts the certificate without a bundle"
    : "it is unarmed until it is redeployed";
  const hint = `Allow its agent to be patched; or have somebody on site move it: farrier rescue-kit ${cluster.id} --rotation ROTATION; or accept that ${risk}: plan again with method: redeploy and acceptUnarmed: true for ${cluster.name} in farrier.yaml; or waive it: farrier waive ROTATION ${cluster.id} --by … --reason … --until ….`;
  return { ...hold, hint };
}

/** Started with the epoch's bundle. */
export function startedHolds(question: ClusterQuestion): Hold[] {
  const { cluster, epoch } = question;
  const started = (agent: AgentWorkload) => startObstacles(agent, epoch.pin, startQuestion(question));
  return [...agentHolds(cluster, started), ...nodeStartedHolds(question), ...otherHolds(question)];
}

/**
 * Connected, and its API answers, be it with a refusal of this token's rights: all sessions began after Rancher's last
 * restart, so they met the certificate.
 */
export function sessionHolds({ cluster, plan }: ClusterQuestion): Hold[] {
  const { tunnel } = cluster;
  const answered = tunnel.kind === "answering" || tunnel.answered === true;
  if (cluster.local || (cluster.connected?.status === "True" && answered)) return [];
  // Rancher calls it connected, and its tunnel could not be asked.
  const unasked = cluster.connected?.status === "True" && tunnel.kind === "unreachable";
  const why = unasked
    ? `That ${called(cluster)} has connected since the certificate was changed could not be seen: ${tunnel.why}`
    : `${called(cluster)} has not connected since the certificate was changed.`;
  const back =
    plan.rancher.terminator === "external"
      ? "until it is mended, what ends TLS can present the earlier certificate again"
      : "a rollback presents the earlier certificate with one write";
  const hint = `Look at the log of its cluster agent; ${back}.`;
  return [{ target: agentId(cluster), why, hint }];
}

/** The times and states that tell whether an agent has started: the same for every gate. */
export function startQuestion(question: Pick<ClusterQuestion, "plan" | "cluster" | "now">): {
  readonly now: Date;
  readonly minReadySeconds: number;
  readonly connected: boolean;
} {
  return {
    now: question.now,
    minReadySeconds: question.plan.armingMinReadySeconds,
    connected: question.cluster.connected?.status === "True",
  };
}

function notArmed(agent: AgentWorkload, question: ClusterQuestion): Obstacle[] {
  const { plan, estate, epoch } = question;
  const missing = startObstacles(agent, epoch.pin, startQuestion(question));
  // Nothing that Rancher serves would let a pod without a pin start later: it must have started.
  if (missing.length === 0 || usesSystemStore(epoch)) return missing;
  if (needsNoArming(agent, question)) return [];
  const obstacles = armingObstacles(agent, epoch.pin, plan.armingMinReadySeconds);
  return obstacles.length > 0 ? obstacles : strandedPods(agent, epoch, estate);
}

/**
 * An agent without a pin starts whatever is served, as long as the certificate stays: that it pins the new bundle is asked
 * before that changes.
 */
function needsNoArming(agent: AgentWorkload, question: ClusterQuestion): boolean {
  const { plan, epoch } = question;
  const before = plan.epochs[plan.epochs.findIndex(({ name }) => name === epoch.name) - 1];
  if (before === undefined || !usesSystemStore(before)) return false;
  return startObstacles(agent, before.pin, startQuestion(question)).length === 0;
}

/** Pods that serve now, but pin neither what is served nor what comes next, would not survive their own restart. */
function strandedPods(agent: AgentWorkload, epoch: Epoch, estate: Estate): Obstacle[] {
  const survivable = new Set([epoch.pin, ...estate.trust.served.map(pinOf)]);
  const stranded = livePods(agent).find((pod) => !pod.deleting && !survivable.has(pod.pin));
  if (stranded === undefined) return [];
  const hint = "Let it settle on the bundle that is served (set that pin, wait for its pods), then arm it.";
  return [{ why: `pod ${stranded.name} pins a bundle that is not served`, hint }];
}

function agentHolds(cluster: Cluster, obstaclesOf: (agent: AgentWorkload) => readonly Obstacle[]): Hold[] {
  if (cluster.local) return [];
  const { agent, reach } = cluster;
  if (agent === undefined || reach === "none") return [unseen(cluster)];
  const [first, ...others] = obstaclesOf(agent);
  if (first === undefined) return [];
  const also = others.map(({ why }) => `; ${why}`).join("");
  return [{ target: agentId(cluster), why: `The agent of ${called(cluster)}: ${first.why}${also}.`, hint: first.hint }];
}

function unseen(cluster: Cluster): Hold {
  const why =
    cluster.reach === "none" ? `its API does not answer (${whyUnreachable(cluster)})` : "its Deployment cannot be read";
  return {
    target: agentId(cluster),
    why: `The agent of ${called(cluster)} cannot be looked at: ${why}.`,
    hint: `Bring the cluster back, then go on; or have somebody on site move its agent: farrier rescue-kit ${cluster.id} --rotation ROTATION; or leave it behind: farrier waive ROTATION ${cluster.id} --by … --reason … --until ….`,
  };
}

/** Everything of a cluster but its cluster agent. */
function otherHolds({ cluster, estate }: ClusterQuestion): Hold[] {
  return [...unprovedHolds(cluster), ...unaskedHolds(cluster, estate)];
}

/** Whether there are further consumers could not be asked: that none was seen shows nothing. */
function unaskedHolds(cluster: Cluster, { gaps }: Estate): Hold[] {
  const place = `cluster ${cluster.id}: `;
  return gaps
    .filter(({ target }) => target.startsWith(place))
    .map(({ target, why }) => ({
      target: `${cluster.id}/${target.slice(place.length)}`,
      why: `In ${called(cluster)}, ${target.slice(place.length)} could not be looked at: ${why}`,
      hint: `Let the account of the API token read them, then go on; or leave it behind: farrier waive ROTATION ${cluster.id} --by … --reason … --until ….`,
    }));
}

/** Recognised, but this version can neither move them nor see what they trust. */
function unprovedHolds(cluster: Cluster): Hold[] {
  return cluster.consumers
    .filter(({ gating, movable }) => gating && !movable)
    .map((consumer) => ({
      target: consumer.id,
      why: `The ${consumer.kind} of ${called(cluster)} has not shown what it trusts, and this version cannot move it.`,
      hint: `Move it by hand (see the guide), then waive it: farrier waive ROTATION ${cluster.id} --by … --reason … --until ….`,
    }));
}

function agentId(cluster: Cluster): string {
  return `${cluster.id}/cluster-agent`;
}
