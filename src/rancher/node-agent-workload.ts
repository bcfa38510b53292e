/** The node agents' DaemonSets and their pods in a downstream cluster. */
import { NODE_AGENTS, type NodeAgentPod, type NodeAgentSet, updateStrategySchema } from "../estate/node-agent.ts";
import { containerIn, environmentOf } from "../kubernetes/container.ts";
import { eachAt, fieldsAt, readingOf, textAt, wholeNumberAt } from "../kubernetes/fields.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { AGENT, podWithPin } from "./agent-workload.ts";

const readDaemonSet = readingOf((object) => {
  const metadata = fieldsAt(object, "metadata");
  const spec = fieldsAt(object, "spec");
  const status = fieldsAt(object, "status", {});
  return {
    name: textAt(metadata, "name"),
    uid: textAt(metadata, "uid", ""),
    resourceVersion: textAt(metadata, "resourceVersion", ""),
    generation: wholeNumberAt(metadata, "generation", 0),
    // The API server fills it in.
    updateStrategy: fieldsAt(spec, "updateStrategy", { type: "RollingUpdate" }),
    minReadySeconds: wholeNumberAt(spec, "minReadySeconds", 0),
    containers: eachAt(fieldsAt(fieldsAt(spec, "template"), "spec"), "containers", containerIn, { required: true }),
    observedGeneration: wholeNumberAt(status, "observedGeneration", 0),
    desired: wholeNumberAt(status, "desiredNumberScheduled", 0),
    updated: wholeNumberAt(status, "updatedNumberScheduled", 0),
    available: wholeNumberAt(status, "numberAvailable", 0),
  };
});

/** The DaemonSets of node agents among a namespace's, each with its pods; one that pins nothing is none. */
export function nodeAgentsOf(daemonSets: readonly KubeObject[], pods: readonly KubeObject[]): NodeAgentSet[] {
  return NODE_AGENTS.flatMap(({ kind, name }) => {
    const object = daemonSets.find(({ metadata }) => metadata.name === name);
    const set = object === undefined ? undefined : setOf(kind, object, pods);
    return set === undefined ? [] : [set];
  });
}

function setOf(kind: NodeAgentSet["kind"], object: KubeObject, pods: readonly KubeObject[]): NodeAgentSet | undefined {
  const set = readDaemonSet(object);
  const container = set?.containers.find(({ env }) => env.some(({ name }) => name === AGENT.pinVariable));
  const updateStrategy = updateStrategySchema.safeParse(set?.updateStrategy);
  if (set === undefined || container === undefined || !updateStrategy.success) return undefined;
  return {
    kind,
    name: set.name,
    resourceVersion: set.resourceVersion,
    updateStrategy: updateStrategy.data,
    minReadySeconds: set.minReadySeconds,
    settled: set.observedGeneration >= set.generation,
    container: container.name,
    pin: environmentOf(container)[AGENT.pinVariable] ?? "",
    desired: set.desired,
    updated: set.updated,
    available: set.available,
    pods: pods.flatMap((pod) => podOf(pod, { set: set.uid, container: container.name })),
  };
}

const readOwned = readingOf((object) => ({
  owners: eachAt(fieldsAt(object, "metadata"), "ownerReferences", (owner) => textAt(owner, "uid")),
  node: textAt(fieldsAt(object, "spec"), "nodeName", ""),
}));

function podOf(object: KubeObject, wanted: { readonly set: string; readonly container: string }): NodeAgentPod[] {
  const owned = readOwned(object);
  if (owned === undefined || !owned.owners.includes(wanted.set)) return [];
  const pod = podWithPin(object, wanted.container);
  return pod === undefined ? [] : [{ ...pod, node: owned.node }];
}
