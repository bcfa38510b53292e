/** Deployments, ReplicaSets, DaemonSets and nodes as the controllers read them. */
import { z } from "zod";
import type { KubeObject, OwnerReference, ResourceRef } from "../cluster-client.ts";
import { type Item, labelSelector, reader } from "./item.ts";

/** The collections that the controllers work on, over all namespaces. */
export const REF = {
  deployments: { group: "apps", version: "v1", resource: "deployments" },
  replicaSets: { group: "apps", version: "v1", resource: "replicasets" },
  daemonSets: { group: "apps", version: "v1", resource: "daemonsets" },
  pods: { group: "", version: "v1", resource: "pods" },
  nodes: { group: "", version: "v1", resource: "nodes" },
  secrets: { group: "", version: "v1", resource: "secrets" },
  configMaps: { group: "", version: "v1", resource: "configmaps" },
  events: { group: "", version: "v1", resource: "events" },
} as const satisfies Record<string, ResourceRef>;

const template = z.looseObject({
  metadata: z
    .looseObject({
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  spec: z.looseObject({}),
});

/** A number of pods, or a percentage of the desired ones: `1`, `"25%"`. */
const intOrPercent = z.union([z.number(), z.string()]);

const rollingUpdate = z.looseObject({ maxSurge: intOrPercent.optional(), maxUnavailable: intOrPercent.optional() });

const deploymentCondition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: z.string().optional(),
  lastTransitionTime: z.string().optional(),
});

const deploymentSpec = z.looseObject({
  replicas: z.number().default(1),
  selector: labelSelector,
  template,
  strategy: z.looseObject({ type: z.string().optional(), rollingUpdate: rollingUpdate.nullish() }).optional(),
  minReadySeconds: z.number().default(0),
  revisionHistoryLimit: z.number().default(10),
  progressDeadlineSeconds: z.number().default(600),
  paused: z.boolean().default(false),
});

const deploymentStatus = z.looseObject({
  observedGeneration: z.number().optional(),
  replicas: z.number().default(0),
  updatedReplicas: z.number().default(0),
  readyReplicas: z.number().default(0),
  availableReplicas: z.number().default(0),
  unavailableReplicas: z.number().default(0),
  collisionCount: z.number().optional(),
  conditions: z.array(deploymentCondition).default([]),
});

const replicaSetSpec = z.looseObject({
  replicas: z.number().default(1),
  selector: labelSelector,
  template,
  minReadySeconds: z.number().default(0),
});

const replicaSetStatus = z.looseObject({
  replicas: z.number().default(0),
  fullyLabeledReplicas: z.number().default(0),
  readyReplicas: z.number().default(0),
  availableReplicas: z.number().default(0),
  observedGeneration: z.number().optional(),
});

const daemonSetSpec = z.looseObject({
  selector: labelSelector,
  template,
  updateStrategy: z.looseObject({ type: z.string().optional(), rollingUpdate: rollingUpdate.nullish() }).optional(),
  minReadySeconds: z.number().default(0),
});

const nodeSpec = z.looseObject({
  unschedulable: z.boolean().optional(),
  taints: z.array(z.looseObject({ key: z.string(), value: z.string().optional(), effect: z.string() })).optional(),
});

const nodeStatus = z.looseObject({ allocatable: z.looseObject({ pods: z.coerce.number().optional() }).optional() });

export type PodTemplate = z.infer<typeof template>;
export type IntOrPercent = z.infer<typeof intOrPercent>;
export type DeploymentCondition = z.infer<typeof deploymentCondition>;
export type DeploymentSpec = z.infer<typeof deploymentSpec>;
export type DeploymentStatus = z.infer<typeof deploymentStatus>;
export type Deployment = Item<DeploymentSpec, DeploymentStatus>;
export type ReplicaSet = Item<z.infer<typeof replicaSetSpec>, z.infer<typeof replicaSetStatus>>;
export type DaemonSet = Item<z.infer<typeof daemonSetSpec>, Readonly<Record<string, unknown>>>;
export type ClusterNode = Item<z.infer<typeof nodeSpec>, z.infer<typeof nodeStatus>>;

export const readDeployment = reader(deploymentSpec, deploymentStatus);
export const readReplicaSet = reader(replicaSetSpec, replicaSetStatus);
export const readDaemonSet = reader(daemonSetSpec, z.looseObject({}));
export const readNode = reader(nodeSpec, nodeStatus);

/** The reference by which an object is owned by its one controller, or undefined for an orphan. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The reference that a controller puts on what it creates. */
export function ownedBy(owner: KubeObject): OwnerReference {
  const { name, uid = "" } = owner.metadata;
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}
