/** The kinds of Kubernetes itself that an estate needs. */

import type { KubeObject, NewObject } from "../cluster-client.ts";
import * as columns from "./columns.ts";
import { at, isJsonObject, list } from "./json-value.ts";
import type { FieldError, ResourceKind } from "./kinds.ts";
import * as workloads from "./workload-kinds.ts";

type Given = Pick<ResourceKind, "group" | "version" | "resource" | "kind" | "namespaced"> & Partial<ResourceKind>;

/** A kind with what most kinds have: no status subresource, no generation, name and age as columns. */
export function resourceKind(given: Given): ResourceKind {
  return {
    singular: given.kind.toLowerCase(),
    statusSubresource: false,
    tracksGeneration: false,
    custom: false,
    columns: [columns.NAME, columns.AGE],
    ...given,
  };
}

export const NAMESPACES: ResourceKind = resourceKind({
  ...core("namespaces", "Namespace", false),
  shortNames: ["ns"],
  statusSubresource: true,
  columns: [columns.NAME, columns.field("Status", "status.phase"), columns.AGE],
  selectableFields: ["status.phase"],
  prepare: (object, old) =>
    old === undefined ? { ...object, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } } : object,
});

export const PODS: ResourceKind = resourceKind({
  ...core("pods", "Pod", true),
  shortNames: ["po"],
  categories: ["all"],
  statusSubresource: true,
  columns: columns.POD_COLUMNS,
  selectableFields: ["spec.nodeName", "status.phase", "spec.restartPolicy", "status.podIP"],
  prepare: workloads.preparePod,
  validate: workloads.validatePod,
});

export const SECRETS: ResourceKind = resourceKind({
  ...core("secrets", "Secret", true),
  columns: [columns.NAME, columns.field("Type", "type"), columns.DATA, columns.AGE],
  selectableFields: ["type"],
  prepare: prepareSecret,
  validate: validateSecret,
});

const APPS = {
  group: "apps",
  version: "v1",
  namespaced: true,
  statusSubresource: true,
  tracksGeneration: true,
} as const;
const RBAC = { group: "rbac.authorization.k8s.io", version: "v1", pathSegmentNames: true } as const;

export const BUILT_IN_KINDS: readonly ResourceKind[] = [
  NAMESPACES,
  PODS,
  SECRETS,
  resourceKind({
    ...core("configmaps", "ConfigMap", true),
    shortNames: ["cm"],
    columns: [columns.NAME, columns.DATA, columns.AGE],
  }),
  resourceKind({ ...core("serviceaccounts", "ServiceAccount", true), shortNames: ["sa"] }),
  resourceKind({
    ...core("nodes", "Node", false),
    shortNames: ["no"],
    statusSubresource: true,
    columns: columns.NODE_COLUMNS,
    selectableFields: ["spec.unschedulable"],
  }),
  resourceKind({
    ...core("events", "Event", true),
    shortNames: ["ev"],
    columns: columns.EVENT_COLUMNS,
    selectableFields: [
      "involvedObject.kind",
      "involvedObject.name",
      "involvedObject.namespace",
      "involvedObject.uid",
      "reason",
      "type",
    ],
  }),
  resourceKind({
    ...core("services", "Service", true),
    shortNames: ["svc"],
    categories: ["all"],
    statusSubresource: true,
    columns: [
      columns.NAME,
      columns.field("Type", "spec.type"),
      columns.field("Cluster-IP", "spec.clusterIP"),
      columns.AGE,
    ],
    prepare: prepareService,
  }),
  resourceKind({ ...core("endpoints", "Endpoints", true), shortNames: ["ep"], singular: "endpoints" }),
  resourceKind({
    ...APPS,
    resource: "deployments",
    kind: "Deployment",
    shortNames: ["deploy"],
    categories: ["all"],
    columns: columns.DEPLOYMENT_COLUMNS,
    prepare: workloads.prepareDeployment,
    validate: workloads.validateWorkload,
  }),
  resourceKind({
    ...APPS,
    resource: "replicasets",
    kind: "ReplicaSet",
    shortNames: ["rs"],
    categories: ["all"],
    columns: columns.REPLICA_SET_COLUMNS,
    prepare: workloads.prepareReplicaSet,
    validate: workloads.validateWorkload,
  }),
  resourceKind({
    ...APPS,
    resource: "daemonsets",
    kind: "DaemonSet",
    shortNames: ["ds"],
    categories: ["all"],
    columns: columns.DAEMON_SET_COLUMNS,
    prepare: workloads.prepareDaemonSet,
    validate: workloads.validateWorkload,
  }),
  resourceKind({
    ...APPS,
    statusSubresource: false,
    tracksGeneration: false,
    resource: "controllerrevisions",
    kind: "ControllerRevision",
  }),
  resourceKind({
    group: "coordination.k8s.io",
    version: "v1",
    resource: "leases",
    kind: "Lease",
    namespaced: true,
    columns: [columns.NAME, columns.field("Holder", "spec.holderIdentity"), columns.AGE],
  }),
  resourceKind({
    group: "scheduling.k8s.io",
    version: "v1",
    resource: "priorityclasses",
    kind: "PriorityClass",
    namespaced: false,
    shortNames: ["pc"],
    columns: [columns.NAME, columns.field("Value", "value"), columns.AGE],
  }),
  resourceKind({ ...RBAC, resource: "clusterroles", kind: "ClusterRole", namespaced: false }),
  resourceKind({ ...RBAC, resource: "clusterrolebindings", kind: "ClusterRoleBinding", namespaced: false }),
  resourceKind({ ...RBAC, resource: "roles", kind: "Role", namespaced: true }),
  resourceKind({ ...RBAC, resource: "rolebindings", kind: "RoleBinding", namespaced: true }),
  resourceKind({
    group: "networking.k8s.io",
    version: "v1",
    resource: "ingresses",
    kind: "Ingress",
    namespaced: true,
    shortNames: ["ing"],
    statusSubresource: true,
    tracksGeneration: true,
  }),
  resourceKind({
    group: "apiextensions.k8s.io",
    version: "v1",
    resource: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    namespaced: false,
    shortNames: ["crd", "crds"],
    statusSubresource: true,
    tracksGeneration: true,
  }),
];

function core(resource: string, kind: string, namespaced: boolean) {
  return { group: "", version: "v1", resource, kind, namespaced } as const;
}

/** `stringData` is write-only: it is merged into `data` and not stored. */
function prepareSecret(object: NewObject): NewObject {
  const { stringData, ...rest } = object;
  const encoded = Object.entries(isJsonObject(stringData) ? stringData : {}).map(
    ([key, value]) => [key, Buffer.from(String(value)).toString("base64")] as const,
  );
  const data = isJsonObject(rest.data) ? rest.data : {};
  return {
    ...rest,
    metadata: object.metadata,
    apiVersion: object.apiVersion,
    kind: object.kind,
    type: rest.type ?? "Opaque",
    ...(encoded.length === 0 ? {} : { data: { ...data, ...Object.fromEntries(encoded) } }),
  };
}

/** Keys that a Secret of a type must have (pkg/apis/core/validation.ValidateSecret). */
const NEEDED_KEYS: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
};
const SECRET_LIMIT = 1024 * 1024;

function validateSecret(object: NewObject, old: KubeObject | undefined): readonly FieldError[] {
  const data = isJsonObject(object.data) ? object.data : {};
  const type = String(object.type);
  const found: FieldError[] = [];
  for (const key of Object.keys(data).filter((each) => !/^[-._a-zA-Z0-9]+$/.test(each))) {
    const rule =
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    found.push({ field: `data[${key}]`, reason: "FieldValueInvalid", message: `Invalid value: "${key}": ${rule}` });
  }
  for (const key of (NEEDED_KEYS[type] ?? []).filter((each) => data[each] === undefined)) {
    found.push({ field: `data[${key}]`, reason: "FieldValueRequired", message: "Required value" });
  }
  const size = Object.values(data).reduce<number>((sum, value) => sum + (String(value).length * 3) / 4, 0);
  if (size > SECRET_LIMIT) {
    const message = `Too long: may not be more than ${SECRET_LIMIT} bytes`;
    found.push({ field: "data", reason: "FieldValueTooLong", message });
  }
  if (old !== undefined && old.type !== type) {
    found.push({ field: "type", reason: "FieldValueInvalid", message: `Invalid value: "${type}": field is immutable` });
  }
  if (old?.immutable === true && object.immutable !== true) {
    const message = "Forbidden: field is immutable when `immutable` is set";
    found.push({ field: "immutable", reason: "FieldValueForbidden", message });
  }
  return found;
}

function prepareService(object: NewObject, old: KubeObject | undefined): NewObject {
  const spec = isJsonObject(object.spec) ? object.spec : {};
  const ports = list(spec.ports).map((port) =>
    isJsonObject(port) ? { protocol: "TCP", targetPort: at(port, "port"), ...port } : port,
  );
  const complete = {
    type: "ClusterIP",
    sessionAffinity: "None",
    ...spec,
    ...(ports.length === 0 ? {} : { ports }),
  };
  return { ...object, spec: complete, ...(old === undefined ? { status: { loadBalancer: {} } } : {}) };
}
