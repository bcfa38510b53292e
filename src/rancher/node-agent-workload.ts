/** The node agents' DaemonSets and their pods in a downstream cluster. */
import { z } from "zod";
import { NODE_AGENTS, type NodeAgentPod, type NodeAgentSet, updateStrategySchema } from "../estate/node-agent.ts";
import { containerSchema, environmentOf } from "../kubernetes/container.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { AGENT, podWithPin } from "./agent-workload.ts";

const daemonSetSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string().default(""),
    resourceVersion: z.string().default(""),
    generation: z.number().int().default(0),
  }),
  spec: z.object({
    // The API server fills it in.
    updateStrategy: updateStrategySchema.default({ type: "RollingUpdate" }),
    minReadySeconds: z.number().int().default(0),
    template: z.object({ spec: z.object({ containers: z.array(containerSchema) }) }),
  }),
  status: z
    .object({
      observedGeneration: z.number().int().default(0),
      desiredNumberScheduled: z.number().int().default(0),
      updatedNumberScheduled: z.number().int().default(0),
      numberAvailable: z.number().int().default(0),
    })
    .prefault({}),
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
  const parsed = daemonSetSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  const container = spec.template.spec.containers.find(({ env }) => env.some(({ name }) => name === AGENT.pinVariable));
  if (container === undefined) return undefined;
  return {
    kind,
    name: metadata.name,
    resourceVersion: metadata.resourceVersion,
    updateStrategy: spec.updateStrategy,
    minReadySeconds: spec.minReadySeconds,
    settled: status.observedGeneration >= metadata.generation,
    container: container.name,
    pin: environmentOf(container)[AGENT.pinVariable] ?? "",
    desired: status.desiredNumberScheduled,
    updated: status.updatedNumberScheduled,
    available: status.numberAvailable,
    pods: pods.flatMap((pod) => podOf(pod, { set: metadata.uid, container: container.name })),
  };
}

const ownedSchema = z.object({
  metadata: z.object({ ownerReferences: z.array(z.object({ uid: z.string() })).default([]) }),
  spec: z.object({ nodeName: z.string().default("") }),
});

function podOf(object: KubeObject, wanted: { readonly set: string; readonly container: string }): NodeAgentPod[] {
  const parsed = ownedSchema.safeParse(object);
  if (!parsed.success || !parsed.data.metadata.ownerReferences.some(({ uid }) => uid === wanted.set)) return [];
  const pod = podWithPin(object, wanted.container);
  return pod === undefined ? [] : [{ ...pod, node: parsed.data.spec.nodeName }];
}
