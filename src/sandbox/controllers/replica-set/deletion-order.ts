/** Which pods a ReplicaSet gives up first: Kubernetes' ActivePodsWithRanks, criterion by criterion. */
import { isReady, type Pod } from "../pod.ts";

const COST_ANNOTATION = "controller.kubernetes.io/pod-deletion-cost";
const PHASES = ["Pending", "Unknown", "Running"];

/**
 * Pods in the order in which they are deleted: unassigned, not running, not ready, cheaper (by annotation), on a node
 * with more of its siblings, ready for less long, restarted more often, younger.
 * @param readyFor milliseconds for which a pod has been Ready
 */
export function deletionOrder(pods: readonly Pod[], readyFor: (pod: Pod) => number | undefined): Pod[] {
  const siblings = Map.groupBy(pods, (pod) => pod.spec.nodeName);
  const criteria: ((pod: Pod) => number)[] = [
    (pod) => (pod.spec.nodeName === undefined ? 0 : 1),
    (pod) => PHASES.indexOf(pod.status.phase ?? "Pending"),
    (pod) => (isReady(pod) ? 1 : 0),
    (pod) => Number(pod.object.metadata.annotations?.[COST_ANNOTATION] ?? 0),
    (pod) => -(siblings.get(pod.spec.nodeName)?.length ?? 0),
    (pod) => readyFor(pod) ?? 0,
    (pod) => -Math.max(0, ...(pod.status.containerStatuses ?? []).map((status) => status.restartCount)),
    (pod) => -Date.parse(pod.object.metadata.creationTimestamp ?? ""),
  ];
  return pods.toSorted((a, b) => criteria.map((rank) => rank(a) - rank(b)).find((order) => order !== 0) ?? 0);
}
