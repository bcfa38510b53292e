/** The cluster agent: the consumer that Farrier moves. */
import type { AgentWorkload } from "../../estate/agent.ts";
import { hasStarted, isArmed, START_CHECK_SECONDS } from "../../estate/agent-state.ts";
import type { Consumer } from "../../estate/cluster.ts";
import type { Evidence } from "../../estate/evidence.ts";

export interface AgentQuestion {
  readonly clusterId: string;
  readonly now: Date;
  /** Rancher says that the cluster is connected. */
  readonly connected: boolean;
}

/** The consumer with what its workload shows. @param agent undefined when the cluster could not be looked at */
export function clusterAgentConsumer(agent: AgentWorkload | undefined, question: AgentQuestion): Consumer {
  const { clusterId } = question;
  const id = `${clusterId}/cluster-agent`;
  const evidence = agent === undefined ? [] : agentEvidence(agent, question);
  return { id, kind: "cluster-agent", clusterId, gating: true, movable: true, evidence };
}

/** All evidence that one look at the workload gives, about the pin that its specification has. */
export function agentEvidence(agent: AgentWorkload, { clusterId, now, connected }: AgentQuestion): Evidence[] {
  const seen = {
    pin: agent.pin,
    at: now.toISOString(),
    source: `deployment ${agent.namespace}/${agent.name} of ${clusterId}`,
  };
  const evidence: Evidence[] = [{ kind: "declared", ...seen }];
  if (isArmed(agent, agent.pin, 1)) evidence.push({ kind: "armed", ...seen });
  if (hasStarted(agent, agent.pin, { now, minReadySeconds: START_CHECK_SECONDS, connected })) {
    evidence.push({ kind: "started", ...seen });
  }
  return evidence;
}
