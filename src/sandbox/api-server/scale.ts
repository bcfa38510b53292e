/** `/scale` of Deployments and ReplicaSets: the number of replicas alone, as `kubectl scale` reads and writes it. */

import type { KubeObject, NewObject } from "../cluster-client.ts";
import { at, isJsonObject, type JsonObject } from "./json-value.ts";
import type { ResourceKind } from "./kinds.ts";

export function hasScale(kind: ResourceKind): boolean {
  return kind.group === "apps" && (kind.kind === "Deployment" || kind.kind === "ReplicaSet");
}

/** The `autoscaling/v1` Scale of a workload. */
export function scaleOf(workload: KubeObject): KubeObject {
  const { name, namespace = "", uid = "", resourceVersion = "", creationTimestamp = "" } = workload.metadata;
  const labels = Object.entries(at(workload, "spec", "selector", "matchLabels") ?? {});
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: at(workload, "spec", "replicas") ?? 0 },
    status: {
      replicas: at(workload, "status", "replicas") ?? 0,
      selector: labels.map(([key, value]) => `${key}=${value}`).join(","),
    },
  };
}

/** The workload with the replicas of a changed Scale. */
export function scaled(workload: KubeObject, scale: JsonObject): NewObject {
  const spec = isJsonObject(workload.spec) ? workload.spec : {};
  const resourceVersion = at(scale, "metadata", "resourceVersion");
  const metadata = typeof resourceVersion === "string" ? { ...workload.metadata, resourceVersion } : workload.metadata;
  return { ...workload, metadata, spec: { ...spec, replicas: at(scale, "spec", "replicas") ?? 0 } };
}
