/**
 * An agent that was deployed with the import manifest has no `CATTLE_FEATURES`: its tunnel opens, but it makes no
 * aggregation session, and its cluster never counts as connected (rancher#57462).
 */
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

export function agentFeatures({ estate }: CheckInput): Finding[] {
  return downstreamClusters(estate).flatMap((cluster) => {
    if (cluster.agent === undefined || cluster.agent.features !== undefined) return [];
    const sentence = "Its agent has no CATTLE_FEATURES: the import manifest was applied over it.";
    return [finding("agent.features-missing", clusterTarget(cluster), sentence)];
  });
}
