/** Is each agent there, at rest, and the same in all its pods? */
import type { AgentWorkload } from "../estate/agent.ts";
import { armingObstacles, replicasDisagree } from "../estate/agent-state.ts";
import type { Cluster } from "../estate/cluster.ts";
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

export function agentHealth({ estate }: CheckInput): Finding[] {
  return downstreamClusters(estate).flatMap((cluster) => {
    if (cluster.reach === "none") return [];
    if (cluster.agent === undefined) {
      const sentence = "Its API answers, and it has no Deployment cattle-system/cattle-cluster-agent.";
      return [finding("agent.missing", clusterTarget(cluster), sentence)];
    }
    return workloadFindings(cluster, cluster.agent);
  });
}

function workloadFindings(cluster: Cluster, agent: AgentWorkload): Finding[] {
  const target = clusterTarget(cluster);
  const findings: Finding[] = [];
  if (cluster.missingCredentials !== undefined) {
    const sentence = `Its agent mounts the Secret ${cluster.missingCredentials}, which is missing: none of its pods can start.`;
    findings.push(finding("agent.credentials-missing", target, sentence));
  }
  if (agent.paused) {
    findings.push(finding("agent.rollout-paused", target, "Somebody paused the rollout of its agent's Deployment."));
  }
  if (cluster.redeployPending) {
    findings.push(
      finding("agent.redeploy-pending", target, "A redeploy of its agent was asked for and is not done yet."),
    );
  }
  if (replicasDisagree(agent)) {
    findings.push(finding("agent.replicas-disagree", target, "Replicas of its agent pin different bundles."));
  } else if (isArmed(agent)) {
    findings.push(finding("agent.armed", target, "Its agent is armed: it straddles two pins."));
  } else if (!isAtRest(agent)) {
    findings.push(finding("agent.rolling-out", target, `A rollout of its agent is going on${firstTrouble(agent)}.`));
  }
  return findings;
}

function isArmed(agent: AgentWorkload): boolean {
  return agent.pods.some(({ pin }) => pin !== agent.pin) && armingObstacles(agent, agent.pin, 1).length === 0;
}

function isAtRest(agent: AgentWorkload): boolean {
  const { settled, replicas, updatedReplicas, totalReplicas, availableReplicas } = agent;
  return settled && updatedReplicas === replicas && totalReplicas === replicas && availableReplicas === replicas;
}

function firstTrouble({ pods }: AgentWorkload): string {
  const waiting = pods.find((pod) => pod.waiting !== undefined && pod.waiting !== "ContainerCreating");
  return waiting === undefined ? "" : ` (pod ${waiting.name}: ${waiting.waiting})`;
}
