/** Node agents on Linux and on Windows: DaemonSets up to Rancher 2.4, in RKE1 clusters up to 2.11, gone since 2.12. */
import { START_CHECK_SECONDS } from "../../estate/agent-state.ts";
import type { Consumer } from "../../estate/cluster.ts";
import type { Evidence } from "../../estate/evidence.ts";
import { type NodeAgentSet, nodeArmingObstacles, nodeStartObstacles } from "../../estate/node-agent.ts";
import { AGENT } from "../../rancher/agent-workload.ts";

/** The consumer with what its DaemonSet shows. */
export function nodeAgentConsumer(clusterId: string, set: NodeAgentSet, at: Date): Consumer {
  const { kind } = set;
  return {
    id: `${clusterId}/${kind}`,
    kind,
    clusterId,
    gating: true,
    movable: true,
    evidence: nodeAgentEvidence(clusterId, set, at),
  };
}

function nodeAgentEvidence(clusterId: string, set: NodeAgentSet, at: Date): Evidence[] {
  const { pin, name } = set;
  const seen = { pin, at: at.toISOString(), source: `daemonset ${AGENT.namespace}/${name} of ${clusterId}` };
  const evidence: Evidence[] = [{ kind: "declared", ...seen }];
  const started = nodeStartObstacles(set, pin, { now: at, minReadySeconds: START_CHECK_SECONDS }).length === 0;
  // Where every pod carries the pin already, nothing is left to wait for another bundle.
  if (!started && nodeArmingObstacles(set, pin, 1).length === 0) evidence.push({ kind: "armed", ...seen });
  if (started) evidence.push({ kind: "started", ...seen });
  return evidence;
}
