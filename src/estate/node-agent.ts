/**
 * Node agents in a downstream cluster, as observed: DaemonSets that carry the pin, too. In every cluster up to Rancher
 * 2.4, in RKE1 clusters up to 2.11; gone since 2.12.
 *
 * - *armed*: the template carries the next pin, and the strategy `OnDelete` keeps the running pods as they are.
 * - *started*: every node's pod carries the pin and has been Ready for `minReadySeconds`; none with another pin is left.
 */
import { z } from "zod";
import { agentPodSchema } from "./agent.ts";
import { livePods, type Obstacle, START_CHECK_SECONDS, type StartQuestion } from "./agent-state.ts";

const kindSchema = z.enum(["node-agent", "node-agent-windows"]);

/** The DaemonSets, as Rancher names them, with their kind of consumer. */
export const NODE_AGENTS: readonly { readonly kind: z.infer<typeof kindSchema>; readonly name: string }[] = [
  { kind: "node-agent", name: "cattle-node-agent" },
  { kind: "node-agent-windows", name: "cattle-node-agent-windows" },
];

const amountSchema = z.union([z.string(), z.number()]);

/** `spec.updateStrategy`, whole, so that it can be put back. */
export const updateStrategySchema = z.object({
  type: z.string(),
  rollingUpdate: z
    .object({ maxSurge: amountSchema.exactOptional(), maxUnavailable: amountSchema.exactOptional() })
    .exactOptional(),
});

/** What arming changes of a DaemonSet beside its pin, as it was before. */
export const nodeAgentBeforeSchema = z.object({
  name: z.string(),
  updateStrategy: updateStrategySchema,
  minReadySeconds: z.number().int(),
});
export type NodeAgentBefore = z.infer<typeof nodeAgentBeforeSchema>;

export const nodeAgentSetSchema = nodeAgentBeforeSchema.extend({
  kind: kindSchema,
  resourceVersion: z.string(),
  /** The controller has seen the latest specification. */
  settled: z.boolean(),
  /** The container that has the pin in its environment. */
  container: z.string(),
  /** `CATTLE_CA_CHECKSUM` in the pod template; empty when it pins nothing. */
  pin: z.string(),
  /** Nodes that are to have a pod. */
  desired: z.number().int(),
  /** Nodes whose pod is of the present template. */
  updated: z.number().int(),
  /** Nodes whose pod has been Ready for `minReadySeconds`. */
  available: z.number().int(),
  pods: z.array(agentPodSchema.extend({ node: z.string() })),
});
export type NodeAgentSet = z.infer<typeof nodeAgentSetSchema>;
export type NodeAgentPod = NodeAgentSet["pods"][number];

/** Why the node agents are not armed for the next pin; empty when they are. */
export function nodeArmingObstacles(set: NodeAgentSet, nextPin: string, minReadySeconds: number): Obstacle[] {
  if (set.pin !== nextPin) {
    const hint = "Arm it; if it was armed before, Rancher has applied its own manifest since.";
    return [{ why: `DaemonSet ${set.name} does not carry the next pin`, hint }];
  }
  if (set.updateStrategy.type !== "OnDelete") {
    const hint = "Set its updateStrategy to OnDelete together with the pin.";
    return [{ why: `DaemonSet ${set.name} would end its working pods: it is not updated OnDelete`, hint }];
  }
  if (set.minReadySeconds < minReadySeconds) {
    const why = `minReadySeconds of DaemonSet ${set.name} is ${set.minReadySeconds}, so that a crashing pod counts as well`;
    return [{ why, hint: `Set it to at least ${minReadySeconds}.` }];
  }
  return [...unsettled(set), ...unarmableObstacles(set, nextPin)];
}

/** Why arming for the next pin would show nothing: a node has no agent that works on under the present bundle. */
export function unarmableObstacles(set: NodeAgentSet, nextPin: string): Obstacle[] {
  return podObstacles(
    set,
    livePods(set).filter((pod) => pod.pin !== nextPin),
  );
}

/** Why not every node is known to have an agent that started with the pin; empty when all have. */
export function nodeStartObstacles(
  set: NodeAgentSet,
  pin: string,
  question: Pick<StartQuestion, "now" | "minReadySeconds">,
): Obstacle[] {
  if (set.pin !== pin) {
    const hint = "Give it the pin of the bundle that is served.";
    return [{ why: `DaemonSet ${set.name} carries another pin`, hint }];
  }
  const live = livePods(set);
  const older = live.find((pod) => pod.pin !== pin);
  if (older !== undefined) {
    const hint = `Delete that pod: kubectl -n cattle-system delete pod ${older.name}.`;
    return [{ why: `pod ${older.name} on node ${older.node} has another pin`, hint }];
  }
  const missing = [...unsettled(set), ...podObstacles(set, live)];
  if (missing.length > 0) return missing;
  const hint = "Wait a few seconds.";
  if (set.available < set.desired) {
    return [{ why: `${set.available} of ${set.desired} pods of DaemonSet ${set.name} are available`, hint }];
  }
  const young = outlived(set, question) ? undefined : live.find((pod) => !hasOutlived(pod, question.now));
  return young === undefined
    ? []
    : [{ why: `pod ${young.name} on node ${young.node} has not outlived its start check yet`, hint }];
}

/** A pod without probes is Ready until its start check fails: without `minReadySeconds` the controller counts that. */
function outlived(set: NodeAgentSet, { minReadySeconds }: Pick<StartQuestion, "minReadySeconds">): boolean {
  return minReadySeconds > 0 && set.minReadySeconds >= minReadySeconds;
}

function hasOutlived({ runningSince }: NodeAgentPod, now: Date): boolean {
  return runningSince !== undefined && Date.parse(runningSince) < now.getTime() - START_CHECK_SECONDS * 1000;
}

/** Template and every live pod carry the pin; whether they are well is not asked. */
export function nodesAlignedWith(set: NodeAgentSet, pin: string): boolean {
  return set.pin === pin && livePods(set).every((pod) => pod.pin === pin);
}

/** The pods that have not started with the pin, by node: what is left to roll. */
export function podsToRoll(set: NodeAgentSet, pin: string): NodeAgentPod[] {
  return livePods(set)
    .filter((pod) => pod.pin !== pin && !pod.deleting)
    .toSorted((a, b) => (a.node < b.node ? -1 : Number(a.node > b.node)));
}

/**
 * Why a node's new pod is not known to be well; empty when it is. The count of updated pods shows that the controller
 * has seen it, so that its count of available ones is not of the time before.
 * @param available pods that were available before, but for this node's
 */
export function successorObstacles(
  set: NodeAgentSet,
  node: string,
  { pin, available }: { readonly pin: string; readonly available: number },
): Obstacle[] {
  const there = livePods(set).filter((pod) => pod.node === node);
  const successor = there.find((pod) => pod.pin === pin && !pod.deleting);
  const hint = `Look at the log of DaemonSet ${set.name} on that node; the others were left as they are.`;
  if (successor === undefined || there.length > 1) return [{ why: `node ${node} has no new pod yet`, hint }];
  if (!successor.ready) return [{ why: notReady(successor), hint }];
  const updated = livePods(set).filter((pod) => pod.pin === pin && !pod.deleting).length;
  if (set.settled && set.updated >= updated && set.available > available) return [];
  return [{ why: `pod ${successor.name} on node ${node} has not been Ready for long enough`, hint }];
}

function unsettled({ settled, name }: NodeAgentSet): Obstacle[] {
  if (settled) return [];
  const hint = "Wait; if it stays so, look at the cluster's controller manager.";
  return [{ why: `the cluster's controller has not acted on the latest change of DaemonSet ${name} yet`, hint }];
}

/** @param pods those that are to be there and Ready, one on each node */
function podObstacles(set: NodeAgentSet, pods: readonly NodeAgentPod[]): Obstacle[] {
  const hint = "Look at that pod and its node; or leave the cluster behind with farrier waive.";
  const ailing = pods.find((pod) => !pod.ready && !pod.deleting);
  if (ailing !== undefined) return [{ why: notReady(ailing), hint }];
  const running = livePods(set).filter((pod) => !pod.deleting).length;
  if (running >= set.desired) return [];
  return [{ why: `${set.desired - running} of ${set.desired} nodes have no pod of DaemonSet ${set.name}`, hint }];
}

function notReady({ name, node, waiting }: NodeAgentPod): string {
  return `pod ${name} on node ${node} is not Ready${waiting === undefined ? "" : ` (${waiting})`}`;
}
