/** Node agents on Windows: a DaemonSet of their own, in the same versions as on Linux. */
import type { Consumer } from "../../estate/cluster.ts";
import type { KubeObject } from "../../kubernetes/object.ts";
import { daemonSetConsumer } from "./node-agent.ts";

/** The consumer, where the cluster has the DaemonSet. */
export function windowsNodeAgentConsumer(
  clusterId: string,
  daemonSets: readonly KubeObject[],
  at: Date,
): Consumer | undefined {
  return daemonSetConsumer({
    clusterId,
    kind: "node-agent-windows",
    name: "cattle-node-agent-windows",
    daemonSets,
    at,
  });
}
