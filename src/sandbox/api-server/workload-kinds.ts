/** What Kubernetes fills in and refuses in pods and in the workloads that make them (pkg/apis/{core,apps}/v1/defaults.go). */

import type { KubeObject, NewObject } from "../cluster-client.ts";
import { at, isJsonObject, type JsonObject, jsonEqual, list } from "./json-value.ts";
import type { FieldError } from "./kinds.ts";

export function preparePod(object: NewObject, old: KubeObject | undefined): NewObject {
  // An unchanged spec was completed when it was written.
  if (old !== undefined && object.spec === old.spec) return object;
  const spec = podSpecDefaults(object.spec);
  const status = old === undefined ? { phase: "Pending", qosClass: "BestEffort" } : object.status;
  return { ...object, ...(spec === undefined ? {} : { spec }), ...(status === undefined ? {} : { status }) };
}

export function prepareDeployment(object: NewObject, old: KubeObject | undefined): NewObject {
  return withSpec(object, old, (spec) => ({
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...spec,
    strategy: rollingStrategy(spec.strategy, { maxSurge: "25%", maxUnavailable: "25%" }),
    template: templateDefaults(spec.template),
  }));
}

export function prepareReplicaSet(object: NewObject, old: KubeObject | undefined): NewObject {
  return withSpec(object, old, (spec) => ({ replicas: 1, ...spec, template: templateDefaults(spec.template) }));
}

export function prepareDaemonSet(object: NewObject, old: KubeObject | undefined): NewObject {
  return withSpec(object, old, (spec) => ({
    revisionHistoryLimit: 10,
    ...spec,
    updateStrategy: rollingStrategy(spec.updateStrategy, { maxSurge: 0, maxUnavailable: 1 }),
    template: templateDefaults(spec.template),
  }));
}

export function validatePod(object: NewObject, old: KubeObject | undefined): readonly FieldError[] {
  const changes = old === undefined || jsonEqual(fixedPart(object.spec), fixedPart(old.spec)) ? [] : [POD_CHANGED];
  return [...containersValid(at(object, "spec", "containers"), "spec.containers"), ...changes];
}

/** Tolerations may be added to; nothing here takes any away. */
const POD_CHANGED: FieldError = {
  field: "spec",
  reason: "FieldValueForbidden",
  message:
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
};

/** A pod's spec without what may be changed while it lives (pkg/apis/core/validation.ValidatePodUpdate). */
function fixedPart(spec: unknown): unknown {
  if (!isJsonObject(spec)) return spec;
  const { activeDeadlineSeconds: _a, tolerations: _t, containers, initContainers, ...fixed } = spec;
  const withoutImages = (containers: unknown) =>
    list(containers).map((each) => (isJsonObject(each) ? { ...each, image: "" } : each));
  return { ...fixed, containers: withoutImages(containers), initContainers: withoutImages(initContainers) };
}

export function validateWorkload(object: NewObject, old: KubeObject | undefined): readonly FieldError[] {
  const selector = at(object, "spec", "selector");
  const labels = at(object, "spec", "template", "metadata", "labels");
  const found: FieldError[] = [];
  if (selector === undefined) {
    found.push({ field: "spec.selector", reason: "FieldValueRequired", message: "Required value" });
  } else if (!includesAll(labels, at(selector, "matchLabels"))) {
    const message = `Invalid value: ${JSON.stringify(labels ?? {})}: \`selector\` does not match template \`labels\``;
    found.push({ field: "spec.template.metadata.labels", reason: "FieldValueInvalid", message });
  }
  if (old !== undefined && !jsonEqual(selector, at(old, "spec", "selector"))) {
    const message = `Invalid value: ${JSON.stringify(selector)}: field is immutable`;
    found.push({ field: "spec.selector", reason: "FieldValueInvalid", message });
  }
  const replicas = at(object, "spec", "replicas");
  if (typeof replicas === "number" && replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    found.push({ field: "spec.replicas", reason: "FieldValueInvalid", message });
  }
  const path = "spec.template.spec.containers";
  return [...found, ...containersValid(at(object, "spec", "template", "spec", "containers"), path)];
}

function containersValid(containers: unknown, path: string): readonly FieldError[] {
  if (list(containers).length === 0) {
    return [{ field: path, reason: "FieldValueRequired", message: "Required value" }];
  }
  return list(containers).flatMap((container, index) =>
    ["name", "image"]
      .filter((key) => typeof at(container, key) !== "string" || at(container, key) === "")
      .map((key) => ({
        field: `${path}[${index}].${key}`,
        reason: "FieldValueRequired" as const,
        message: "Required value",
      })),
  );
}

function withSpec(
  object: NewObject,
  old: KubeObject | undefined,
  complete: (spec: JsonObject) => JsonObject,
): NewObject {
  const spec = object.spec;
  // An unchanged spec was completed when it was written.
  if (!isJsonObject(spec) || (old !== undefined && spec === old.spec)) return withStatus(object, old);
  return withStatus({ ...object, spec: complete(spec) }, old);
}

function withStatus(object: NewObject, old: KubeObject | undefined): NewObject {
  return old === undefined ? { ...object, status: {} } : object;
}

function rollingStrategy(given: unknown, defaults: JsonObject): unknown {
  const strategy = isJsonObject(given) ? given : {};
  const type = strategy.type ?? "RollingUpdate";
  if (type !== "RollingUpdate") return strategy;
  const rollingUpdate = isJsonObject(strategy.rollingUpdate) ? strategy.rollingUpdate : {};
  return { type, rollingUpdate: { ...defaults, ...rollingUpdate } };
}

function templateDefaults(given: unknown): unknown {
  const template = isJsonObject(given) ? given : {};
  const metadata = isJsonObject(template.metadata) ? template.metadata : {};
  const spec = podSpecDefaults(template.spec);
  return { ...template, metadata: { creationTimestamp: null, ...metadata }, ...(spec === undefined ? {} : { spec }) };
}

function podSpecDefaults(given: unknown): unknown {
  if (!isJsonObject(given)) return given;
  const complete = (containers: unknown) => list(containers).map(containerDefaults);
  return {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    ...given,
    containers: complete(given.containers),
    ...(given.initContainers === undefined ? {} : { initContainers: complete(given.initContainers) }),
    ...(given.volumes === undefined ? {} : { volumes: list(given.volumes).map(volumeDefaults) }),
  };
}

function containerDefaults(given: unknown): unknown {
  if (!isJsonObject(given)) return given;
  const image = String(given.image ?? "");
  const latest = !image.slice(image.lastIndexOf("/") + 1).includes(":") || image.endsWith(":latest");
  const ports = list(given.ports).map((port) => (isJsonObject(port) ? { protocol: "TCP", ...port } : port));
  return {
    imagePullPolicy: latest ? "Always" : "IfNotPresent",
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    resources: {},
    ...given,
    ...(given.ports === undefined ? {} : { ports }),
  };
}

function volumeDefaults(given: unknown): unknown {
  if (!isJsonObject(given)) return given;
  const source = ["secret", "configMap", "projected"].find((key) => isJsonObject(given[key]));
  const volume = source === undefined ? undefined : given[source];
  return source !== undefined && isJsonObject(volume) ? { ...given, [source]: { defaultMode: 420, ...volume } } : given;
}

function includesAll(labels: unknown, wanted: unknown): boolean {
  return Object.entries(isJsonObject(wanted) ? wanted : {}).every(([key, value]) => at(labels, key) === value);
}
