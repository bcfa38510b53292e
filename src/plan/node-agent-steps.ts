/** The steps about node agents, for the clusters that have some. */
import type { Cluster } from "../estate/cluster.ts";
import { type NodeAgentBefore, nodesAlignedWith } from "../estate/node-agent.ts";
import type { PlanOptions } from "./options.ts";
import type { Epoch, PlannedCluster, Step, Wave } from "./plan.ts";
import { armNodeAgents } from "./steps/arm-node-agents.ts";
import type { StepContext } from "./steps/context.ts";
import { rollNodeAgents } from "./steps/roll-node-agents.ts";
import { settleNodeAgents } from "./steps/settle-node-agents.ts";
import { onceWave } from "./waves.ts";

export interface Member {
  readonly live: Cluster;
  readonly planned: PlannedCluster;
}

/** Where the account may patch: elsewhere Rancher re-applies them with its other agents. */
export function nodeArmSteps(context: StepContext, members: readonly Member[], epoch: Epoch): Step[] {
  return withNodeAgents(members)
    .filter(({ planned }) => planned.method === "patch")
    .map(({ planned }) => armNodeAgents(context, planned, epoch));
}

export function nodeRollSteps(context: StepContext, members: readonly Member[], epoch: Epoch): Step[] {
  return withNodeAgents(members).map(({ planned }) => rollNodeAgents(context, planned, epoch));
}

/** Some of its node agents pin another bundle than the epoch's. */
export function nodesMisaligned({ live }: Member, { pin }: Epoch): boolean {
  return (live.nodeAgents ?? []).some((set) => !nodesAlignedWith(set, pin));
}

export function nodeSettleSteps(context: StepContext, members: readonly Member[]): Step[] {
  return withNodeAgents(members).map(({ planned }) =>
    settleNodeAgents(context, planned, planned.nodeAgentsBefore ?? []),
  );
}

/** Some DaemonSet is not updated as it was in the beginning. */
export function nodesUnsettled({ live, planned }: Member): boolean {
  return (live.nodeAgents ?? []).some((set) => {
    const before = planned.nodeAgentsBefore?.find(({ name }) => name === set.name);
    return before !== undefined && before.updateStrategy.type !== set.updateStrategy.type;
  });
}

/** How the DaemonSets are updated, as they are now. */
export function nodeAgentsBefore({ nodeAgents = [] }: Pick<Cluster, "nodeAgents">): NodeAgentBefore[] {
  return nodeAgents.map(({ name, updateStrategy, minReadySeconds }) => ({ name, updateStrategy, minReadySeconds }));
}

/**
 * Node agents come behind the cluster agents, all clusters at once: within each it is one node after the other, and a roll
 * stops at the first node that is not well. What that means for the others is for the next gate to say.
 */
export function nodeWave(stageId: string, steps: readonly Step[], options: PlanOptions): Wave[] {
  return onceWave(`${stageId}/nodes`, steps, options).map((wave) => ({ ...wave, failureBudget: steps.length }));
}

function withNodeAgents(members: readonly Member[]): Member[] {
  return members.filter(
    ({ live, planned }) => (live.nodeAgents ?? []).length > 0 && planned.method !== "none" && planned.reach !== "none",
  );
}
