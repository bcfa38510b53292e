/**
 * Which lists of the built-in kinds are merged element by element by a strategic merge patch, and by which key.
 * The facts are the `x-kubernetes-patch-*` marks of Kubernetes' own OpenAPI (1.32). The table serves the patches
 * and is published as OpenAPI, from which kubectl computes its patches.
 */

export interface PatchField {
  /** The type of the field, or of the elements if it is a list. */
  readonly type?: keyof typeof PATCH_TYPES;
  readonly list?: true;
  /** Merge elements that agree in this field; "" merges a list of plain values as a set. */
  readonly mergeKey?: string;
  /** The patch names all keys of the value that may stay (`$retainKeys`): for values that are "one of". */
  readonly retainKeys?: true;
}

type PatchType = Readonly<Record<string, PatchField>>;

const CONDITIONS = { type: "Condition", list: true, mergeKey: "type" } as const;
const CONTAINERS = { type: "Container", list: true, mergeKey: "name" } as const;
const NAMED = { type: "Named", list: true, mergeKey: "name" } as const;
const WORKLOAD_SPEC = { template: { type: "PodTemplateSpec" } } as const;

export const PATCH_TYPES = {
  Named: {},
  Condition: {},
  EnvVar: {},
  ObjectMeta: {
    ownerReferences: { type: "Named", list: true, mergeKey: "uid" },
    finalizers: { list: true, mergeKey: "" },
  },
  Container: {
    env: { type: "EnvVar", list: true, mergeKey: "name" },
    ports: { type: "Named", list: true, mergeKey: "containerPort" },
    volumeMounts: { type: "Named", list: true, mergeKey: "mountPath" },
    volumeDevices: { type: "Named", list: true, mergeKey: "devicePath" },
  },
  PodSpec: {
    containers: CONTAINERS,
    initContainers: CONTAINERS,
    ephemeralContainers: CONTAINERS,
    volumes: { ...NAMED, retainKeys: true },
    imagePullSecrets: NAMED,
    schedulingGates: NAMED,
    hostAliases: { type: "Named", list: true, mergeKey: "ip" },
    topologySpreadConstraints: { type: "Named", list: true, mergeKey: "topologyKey" },
  },
  PodTemplateSpec: { metadata: { type: "ObjectMeta" }, spec: { type: "PodSpec" } },
  PodStatus: { conditions: CONDITIONS, podIPs: { type: "Named", list: true, mergeKey: "ip" } },
  DeploymentStrategy: {},
  DeploymentSpec: { ...WORKLOAD_SPEC, strategy: { type: "DeploymentStrategy", retainKeys: true } },
  WorkloadSpec: WORKLOAD_SPEC,
  ConditionedStatus: { conditions: CONDITIONS },
  NodeStatus: { conditions: CONDITIONS, addresses: { type: "Named", list: true, mergeKey: "type" } },
  NodeSpec: { podCIDRs: { list: true, mergeKey: "" } },
  ServiceSpec: { ports: { type: "Named", list: true, mergeKey: "port" } },
  Object: { metadata: { type: "ObjectMeta" } },
  Pod: { metadata: { type: "ObjectMeta" }, spec: { type: "PodSpec" }, status: { type: "PodStatus" } },
  Deployment: {
    metadata: { type: "ObjectMeta" },
    spec: { type: "DeploymentSpec" },
    status: { type: "ConditionedStatus" },
  },
  Workload: {
    metadata: { type: "ObjectMeta" },
    spec: { type: "WorkloadSpec" },
    status: { type: "ConditionedStatus" },
  },
  Node: { metadata: { type: "ObjectMeta" }, spec: { type: "NodeSpec" }, status: { type: "NodeStatus" } },
  Namespace: { metadata: { type: "ObjectMeta" }, status: { type: "ConditionedStatus" } },
  Service: {
    metadata: { type: "ObjectMeta" },
    spec: { type: "ServiceSpec" },
    status: { type: "ConditionedStatus" },
  },
  ServiceAccount: { metadata: { type: "ObjectMeta" }, secrets: NAMED },
} as const satisfies Readonly<Record<string, Readonly<Record<string, { type?: string } & Omit<PatchField, "type">>>>>;

export type PatchTypeName = keyof typeof PATCH_TYPES;

const ROOTS: Readonly<Record<string, PatchTypeName>> = {
  Deployment: "Deployment",
  DaemonSet: "Workload",
  ReplicaSet: "Workload",
  Pod: "Pod",
  Node: "Node",
  Namespace: "Namespace",
  Service: "Service",
  ServiceAccount: "ServiceAccount",
};

/** The type of a whole object of that kind. */
export function rootPatchType(kind: string): PatchTypeName {
  return ROOTS[kind] ?? "Object";
}

/** The fields of a type that a patch treats specially; every other field is merged if a map, else replaced. */
export function patchFields(type: PatchTypeName | undefined): PatchType {
  return type === undefined ? {} : PATCH_TYPES[type];
}
