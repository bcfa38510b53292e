/** What a cluster's node agents hold a gate with. */
import type { Obstacle } from "../../estate/agent-state.ts";
import { type NodeAgentSet, nodeArmingObstacles, nodeStartObstacles } from "../../estate/node-agent.ts";
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

function holdsOf({ cluster }: ClusterQuestion, obstaclesOf: (set: NodeAgentSet) => readonly Obstacle[]): Hold[] {
  return (cluster.nodeAgents ?? []).flatMap((set) => {
    const [first] = obstaclesOf(set);
    if (first === undefined) return [];
    const why = `The node agents of ${called(cluster)}: ${first.why}.`;
    return [{ target: `${cluster.id}/${set.kind}`, why, hint: first.hint }];
  });
}
