/** `/binding` of pods: how a scheduler gives a pod its node, which no other write may do. */

import { ApiError, type KubeObject } from "../cluster-client.ts";
import { at, isJsonObject, type JsonObject, list } from "./json-value.ts";
import type { ResourceKind } from "./kinds.ts";
import { timestamp } from "./metadata.ts";
import { conflict } from "./status-errors.ts";

export function hasBinding(kind: ResourceKind): boolean {
  return kind.group === "" && kind.kind === "Pod";
}

/** The name of the node in a Binding. @throws ApiError 500, as the API has it */
export function nodeIn(binding: JsonObject): string {
  const name = at(binding, "target", "name");
  if (typeof name !== "string" || name === "") throw new ApiError(500, "", "target.name: Required value");
  return name;
}

/** The pod on its node. @throws ApiError 409 when it has one already, or is being deleted */
export function bound(kind: ResourceKind, pod: KubeObject, node: string, now: Date): KubeObject {
  const asked = { ...kind, resource: `${kind.resource}/binding` };
  const { name, deletionTimestamp } = pod.metadata;
  const present = at(pod, "spec", "nodeName");
  if (deletionTimestamp !== undefined)
    throw conflict(asked, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (present !== undefined) throw conflict(asked, name, `pod ${name} is already assigned to node "${present}"`);
  const spec = isJsonObject(pod.spec) ? pod.spec : {};
  const status = isJsonObject(pod.status) ? pod.status : {};
  const others = list(status.conditions).filter((condition) => at(condition, "type") !== "PodScheduled");
  const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: timestamp(now) };
  return {
    ...pod,
    spec: { ...spec, nodeName: node },
    status: { ...status, conditions: [...others, scheduled] },
  };
}
