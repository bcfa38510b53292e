/** What a cluster's node agents hold a gate with. */
import type { Obstacle } from "../../estate/agent-state.ts";
import { NODE_AGENTS, type NodeAgentSet, nodeArmingObstacles, nodeStartObstacles } from "../../estate/node-agent.ts";
import { plannedCluster } from "../reading.ts";
import { called } from "../steps/context.ts";
import { usesSystemStore } from "../system-store.ts";
import type { ClusterQuestion } from "./agent-holds.ts";
import type { Hold } from "./hold.ts";

/** Armed for the epoch, or started with it already; or the plan's author let the cluster pass unarmed. */
export function nodeArmedHolds(question: ClusterQuestion): Hold[] {
  const { plan, cluster, epoch } = question;
  if (plannedCluster(plan, cluster.id)?.unarmedAccepted === true) return [];
  return holdsOf(question, (set) => {
    const missing = nodeStartObstacles(set, epoch.pin, startTimes(question));
    if (missing.length === 0 || usesSystemStore(epoch)) return missing;
    return nodeArmingObstacles(set, epoch.pin, plan.armingMinReadySeconds);
  });
}

/** Started with the epoch's bundle on every node. */
export function nodeStartedHolds(question: ClusterQuestion): Hold[] {
  return holdsOf(question, (set) => nodeStartObstacles(set, question.epoch.pin, startTimes(question)));
}

function startTimes({ plan, now }: ClusterQuestion) {
  return { now, minReadySeconds: plan.armingMinReadySeconds };
}

function holdsOf(question: ClusterQuestion, obstaclesOf: (set: NodeAgentSet) => readonly Obstacle[]): Hold[] {
  const { cluster } = question;
  const present = (cluster.nodeAgents ?? []).flatMap((set) => {
    const [first] = obstaclesOf(set);
    if (first === undefined) return [];
    const why = `The node agents of ${called(cluster)}: ${first.why}.`;
    return [{ target: `${cluster.id}/${set.kind}`, why, hint: first.hint }];
  });
  return [...present, ...goneHolds(question)];
}

/** DaemonSets that the plan found and that are there no more: their nodes have lost their agents. */
function goneHolds({ plan, cluster }: ClusterQuestion): Hold[] {
  if (cluster.reach === "none") return [];
  const planned = plannedCluster(plan, cluster.id)?.nodeAgentsBefore ?? [];
  const gone = planned.filter(({ name }) => cluster.nodeAgents?.some((set) => set.name === name) !== true);
  return gone.map(({ name }) => ({
    target: `${cluster.id}/${NODE_AGENTS.find((known) => known.name === name)?.kind ?? "node-agent"}`,
    why: `The node agents of ${called(cluster)}: DaemonSet ${name} is gone.`,
    hint: "Find out who has removed it, and have Rancher redeploy the cluster's agents; or leave it behind with farrier waive.",
  }));
}
