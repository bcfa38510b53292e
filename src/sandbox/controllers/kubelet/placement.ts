/** On which node a pod may run: node selector, taints, cordon and room, as the scheduler's own filters judge. */
import type { PodSpec } from "../pod.ts";
import type { ClusterNode } from "../workload.ts";

/** Kubernetes' default of `maxPods`. */
export const DEFAULT_CAPACITY = 110;

type Taint = NonNullable<ClusterNode["spec"]["taints"]>[number];

/** Why a pod cannot run on a node, in the scheduler's words; undefined if it can. */
function obstacle(spec: PodSpec, node: ClusterNode, podsOnNode: number): string | undefined {
  if (node.spec.unschedulable) return "node(s) were unschedulable";
  const unsuitable = unsuitability(spec, node);
  if (unsuitable !== undefined) return unsuitable;
  return podsOnNode >= (node.status.allocatable?.pods ?? DEFAULT_CAPACITY) ? "Too many pods" : undefined;
}

/** The obstacles that lie in the pod itself. A DaemonSet's pod knows no others: it runs on cordoned nodes too. */
export function unsuitability(spec: PodSpec, node: ClusterNode): string | undefined {
  const labels = node.object.metadata.labels ?? {};
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([name, value]) => labels[name] === value);
  if (!selected || !isNamed(spec, node)) return "node(s) didn't match Pod's node affinity/selector";
  const taint = (node.spec.taints ?? []).find((each) => repels(each) && !isTolerated(each, spec));
  return taint ? `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}` : undefined;
}

/** Kubernetes' DaemonSet controller gives a pod its node by its name, and leaves the binding to the scheduler. */
function isNamed({ affinity }: PodSpec, node: ClusterNode): boolean {
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const names = terms.flatMap(({ matchFields = [] }) =>
    matchFields.flatMap(({ key, values = [] }) => (key === "metadata.name" ? values : [])),
  );
  return names.length === 0 || names.includes(node.name);
}

export type Placement =
  | { readonly kind: "node"; readonly name: string }
  /** The scheduler's message: `0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable.` */
  | { readonly kind: "none"; readonly message: string };

/** The node with the fewest pods among those on which the pod can run. */
export function place(spec: PodSpec, nodes: readonly ClusterNode[], podsOn: (node: ClusterNode) => number): Placement {
  const judged = nodes.map((node) => ({ node, obstacle: obstacle(spec, node, podsOn(node)) }));
  const possible = judged.filter((each) => each.obstacle === undefined).map(({ node }) => node);
  const [best] = possible.toSorted((a, b) => podsOn(a) - podsOn(b) || (a.name < b.name ? -1 : 1));
  if (best) return { kind: "node", name: best.name };
  if (nodes.length === 0) return { kind: "none", message: "no nodes available to schedule pods" };
  const reasons = Object.entries(Object.groupBy(judged, (each) => each.obstacle ?? ""));
  const counted = reasons.map(([reason, group = []]) => `${group.length} ${reason}`).sort();
  return { kind: "none", message: `0/${nodes.length} nodes are available: ${counted.join(", ")}.` };
}

function repels(taint: Taint): boolean {
  return taint.effect === "NoSchedule" || taint.effect === "NoExecute";
}

function isTolerated(taint: Taint, spec: PodSpec): boolean {
  return (spec.tolerations ?? []).some((toleration) => {
    const { key, operator = "Equal", value = "", effect } = toleration;
    if (effect && effect !== taint.effect) return false;
    if (!key) return operator === "Exists";
    return key === taint.key && (operator === "Exists" || value === (taint.value ?? ""));
  });
}
