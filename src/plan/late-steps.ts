/**
 * Steps that a gate needs and the plan's waves do not hold, or held too early: a cluster that was imported meanwhile, one
 * that could not be reached when the plan was made, one whose pin Rancher's own redeploy put back, and one whose agent, or
 * what it registers with, was lost on the way.
 */

import type { AgentWorkload } from "../estate/agent.ts";
import { alignedWith, hasStarted } from "../estate/agent-state.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { armedHolds, startQuestion } from "./gates/agent-holds.ts";
import { isWaived } from "./gates/evaluate-gate.ts";
import type { Waiver } from "./gates/hold.ts";
import { nodeArmedHolds, nodeStartedHolds } from "./gates/node-agent-holds.ts";
import { servesEverywhere } from "./gates/rancher-holds.ts";
import { canStraddle, chooseMethod, needsReapplying, needsRedeploying } from "./methods.ts";
import type { Epoch, Plan, Stage, Step } from "./plan.ts";
import { epochNamed, plannedCluster, stepsOf } from "./reading.ts";
import { armAgent } from "./steps/arm-agent.ts";
import { armNodeAgents } from "./steps/arm-node-agents.ts";
import { reapplyAgent } from "./steps/reapply-agent.ts";
import { redeployAgent } from "./steps/redeploy-agent.ts";
import { rollAgent } from "./steps/roll-agent.ts";
import { rollNodeAgents } from "./steps/roll-node-agents.ts";
import { settleAgent } from "./steps/settle-agent.ts";
import { settleNodeAgents } from "./steps/settle-node-agents.ts";
import { usesSystemStore } from "./system-store.ts";

export interface LateQuestion {
  readonly plan: Plan;
  /** The stage that is about to be entered. */
  readonly stage: Stage;
  readonly estate: Estate;
  readonly waivers: readonly Waiver[];
  readonly now: Date;
  /** What a cluster's agent had before the rotation armed it, seconds. */
  readonly minReadySecondsBefore: (clusterId: string) => number;
}

/**
 * The steps that would clear what holds the stage's gate, sorted by cluster. They have the identities that planned ones
 * have, so that a step which was done and undone by somebody is opened again. Empty when nothing can be done about it.
 */
export function lateSteps(question: LateQuestion): Step[] {
  const { plan, stage, estate, waivers, now } = question;
  const reachable = estate.clusters
    .filter((cluster) => !cluster.local && cluster.reach !== "none" && !isWaived(cluster.id, waivers, now))
    .toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  const epoch = stage.gateEpoch === undefined ? undefined : epochNamed(plan, stage.gateEpoch);
  return reachable.flatMap((cluster) => {
    const first = epoch === undefined ? [] : wholeSteps(question, cluster);
    if (cluster.agent === undefined || first.length > 0) return first;
    const member = { ...question, cluster, agent: cluster.agent };
    const cleared = epoch === undefined ? [] : gateSteps(member, epoch);
    return [...cleared, ...settleSteps(member)];
  });
}

/** An agent that was lost on the way, or what it registers with: nothing else can be done about it before. */
function wholeSteps({ plan, stage, estate }: LateQuestion, cluster: Cluster): Step[] {
  const served = plan.epochs.find((one) => servesEverywhere(estate, one));
  if (served === undefined || stage.gate === "prepared") return [];
  const { method } = plannedCluster(plan, cluster.id) ?? chooseMethod(cluster);
  const { missingCredentials, reach } = cluster;
  if (needsReapplying(cluster, { method, reach })) {
    const lack = missingCredentials === undefined ? {} : { missingCredentials };
    return [reapplyAgent(plan, { ...cluster, ...lack }, served)];
  }
  return needsRedeploying(cluster, { method, reach }) ? [redeployAgent(plan, cluster, served)] : [];
}

interface Member extends LateQuestion {
  readonly cluster: Cluster;
  readonly agent: AgentWorkload;
}

function gateSteps(member: Member, epoch: Epoch): Step[] {
  const { stage, estate, cluster } = member;
  const served = servesEverywhere(estate, epoch);
  switch (stage.gate) {
    case "all-armed":
      return served ? [] : armSteps(member, epoch);
    case "prepared":
      // An agent that is not well cannot straddle: it gets its pin after the flag day.
      return served || !canStraddle(cluster) ? [] : armSteps(member, epoch);
    case "all-started":
    case "handed-over":
      return served ? moveSteps(member, epoch) : [];
    default:
      return [];
  }
}

function moveSteps(member: Member, epoch: Epoch): Step[] {
  const { plan, cluster } = member;
  return [
    ...(started(member, epoch) ? [] : [moveTo(member, epoch)]),
    ...(nodeStartedHolds({ ...member, epoch }).length === 0 ? [] : [rollNodeAgents(plan, cluster, epoch)]),
  ];
}

function armSteps(member: Member, epoch: Epoch): Step[] {
  const { plan, cluster } = member;
  if (methodOf(member) === "redeploy") return [];
  const [moveAgent, moveNodeAgents] = usesSystemStore(epoch) ? [rollAgent, rollNodeAgents] : [armAgent, armNodeAgents];
  return [
    ...(holdsArming(member, epoch) ? [moveAgent(plan, cluster, epoch)] : []),
    ...(nodeArmedHolds({ ...member, epoch }).length === 0 ? [] : [moveNodeAgents(plan, cluster, epoch)]),
  ];
}

function holdsArming({ plan, estate, cluster, now }: Member, epoch: Epoch): boolean {
  return armedHolds({ plan, estate, cluster, epoch, now }).some(
    ({ target }) => target === `${cluster.id}/cluster-agent`,
  );
}

function started({ plan, cluster, agent, now }: Member, epoch: Epoch): boolean {
  return hasStarted(agent, epoch.pin, startQuestion({ plan, cluster, now }));
}

function moveTo(member: Member, epoch: Epoch): Step {
  const redeploys = methodOf(member) === "redeploy" && !alignedWith(member.agent, epoch.pin);
  return redeploys ? redeployAgent(member.plan, member.cluster, epoch) : rollAgent(member.plan, member.cluster, epoch);
}

function methodOf({ plan, cluster }: Member): string {
  return plannedCluster(plan, cluster.id)?.method ?? chooseMethod(cluster).method;
}

/** An agent that was armed late is settled like the others. */
function settleSteps(member: Member): Step[] {
  if (member.stage.kind !== "settle") return [];
  return [...settleAgentSteps(member), ...settleNodeSteps(member)];
}

function settleAgentSteps({ plan, stage, cluster, agent, minReadySecondsBefore }: Member): Step[] {
  if (agent.minReadySeconds !== plan.armingMinReadySeconds) return [];
  if (stepsOf(stage).some(({ kind, target }) => kind === "settle-agent" && target === cluster.id)) return [];
  const before = minReadySecondsBefore(cluster.id);
  return before === agent.minReadySeconds ? [] : [settleAgent(plan, cluster, before)];
}

/** So are node agents: what the step finds as it was before stays as it is. */
function settleNodeSteps({ plan, stage, cluster }: Member): Step[] {
  const armed = (cluster.nodeAgents ?? []).some(({ updateStrategy }) => updateStrategy.type === "OnDelete");
  const planned = stepsOf(stage).some(({ kind, target }) => kind === "settle-node-agents" && target === cluster.id);
  return armed && !planned ? [settleNodeAgents(plan, cluster, [])] : [];
}
