/** Node agents on Linux: a DaemonSet in every cluster up to Rancher 2.4, in RKE1 clusters up to 2.11, gone since 2.12. */
import type { Consumer } from "../../estate/cluster.ts";
import { readDaemonSet } from "../../kubernetes/deployment.ts";
import type { KubeObject } from "../../kubernetes/object.ts";
import { AGENT } from "../../rancher/agent-workload.ts";

/** The consumer, where the cluster has the DaemonSet. What its specification pins is declared, no more. */
export function nodeAgentConsumer(
  clusterId: string,
  daemonSets: readonly KubeObject[],
  at: Date,
): Consumer | undefined {
  return daemonSetConsumer({ clusterId, kind: "node-agent", name: "cattle-node-agent", daemonSets, at });
}

interface DaemonSetQuestion {
  readonly clusterId: string;
  readonly kind: Consumer["kind"];
  /** Name of the DaemonSet in `cattle-system`. */
  readonly name: string;
  readonly daemonSets: readonly KubeObject[];
  readonly at: Date;
}

/** A consumer that is a DaemonSet with the pin in its environment. */
export function daemonSetConsumer({ clusterId, kind, name, daemonSets, at }: DaemonSetQuestion): Consumer | undefined {
  const object = daemonSets.find(({ metadata }) => metadata.name === name);
  const daemonSet = object === undefined ? undefined : readDaemonSet(object);
  if (daemonSet === undefined) return undefined;
  const pin = daemonSet.environment[AGENT.pinVariable] ?? "";
  const source = `daemonset ${AGENT.namespace}/${name} of ${clusterId}`;
  return {
    id: `${clusterId}/${kind}`,
    kind,
    clusterId,
    gating: true,
    movable: false,
    evidence: [{ kind: "declared", pin, at: at.toISOString(), source }],
  };
}
