/** Columns of `kubectl get`, as Kubernetes' printers make them (pkg/printers/internalversion). */

import type { KubeObject } from "../cluster-client.ts";
import { at, list, text } from "./json-value.ts";
import type { Column } from "./kinds.ts";

export const NAME: Column = { name: "Name", cell: (object) => object.metadata.name };

export const AGE: Column = {
  name: "Age",
  cell: (object, now) => duration(now.getTime() - Date.parse(object.metadata.creationTimestamp ?? "")),
};

/** The value at a path, or `<none>`. */
export function field(name: string, path: string, priority: 0 | 1 = 0): Column {
  const keys = path.split(".");
  return { name, priority, cell: (object) => String(at(object, ...keys) ?? "<none>") };
}

export function number(name: string, path: string): Column {
  const keys = path.split(".");
  return { name, type: "integer", cell: (object) => Number(at(object, ...keys) ?? 0) };
}

/** How many keys a map has: the DATA column of Secrets and ConfigMaps. */
export const DATA: Column = {
  name: "Data",
  type: "integer",
  cell: (object) => Object.keys(at(object, "data") ?? {}).length,
};

/** Time in the two largest units that matter, as kubectl shows it (k8s.io/apimachinery/pkg/util/duration). */
export function duration(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return "<unknown>";
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return joined(minutes, "m", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return joined(hours, "h", minutes % 60, "m");
  const days = Math.floor(hours / 24);
  if (days < 2) return `${hours}h`;
  if (days < 8) return joined(days, "d", hours % 24, "h");
  return days < 365 * 2 ? `${days}d` : `${Math.floor(days / 365)}y`;
}

export const DEPLOYMENT_COLUMNS: readonly Column[] = [
  NAME,
  {
    name: "Ready",
    cell: (object) => `${at(object, "status", "readyReplicas") ?? 0}/${at(object, "spec", "replicas") ?? 0}`,
  },
  number("Up-to-date", "status.updatedReplicas"),
  number("Available", "status.availableReplicas"),
  AGE,
  { name: "Containers", priority: 1, cell: (object) => containers(object, "name") },
  { name: "Images", priority: 1, cell: (object) => containers(object, "image") },
  { name: "Selector", priority: 1, cell: selectorOf },
];

export const REPLICA_SET_COLUMNS: readonly Column[] = [
  NAME,
  number("Desired", "spec.replicas"),
  number("Current", "status.replicas"),
  number("Ready", "status.readyReplicas"),
  AGE,
  { name: "Containers", priority: 1, cell: (object) => containers(object, "name") },
  { name: "Images", priority: 1, cell: (object) => containers(object, "image") },
  { name: "Selector", priority: 1, cell: selectorOf },
];

export const DAEMON_SET_COLUMNS: readonly Column[] = [
  NAME,
  number("Desired", "status.desiredNumberScheduled"),
  number("Current", "status.currentNumberScheduled"),
  number("Ready", "status.numberReady"),
  number("Up-to-date", "status.updatedNumberScheduled"),
  number("Available", "status.numberAvailable"),
  {
    name: "Node Selector",
    cell: (object) => pairs(at(object, "spec", "template", "spec", "nodeSelector")),
  },
  AGE,
];

export const POD_COLUMNS: readonly Column[] = [
  NAME,
  {
    name: "Ready",
    cell: (object) => {
      const states = list(at(object, "status", "containerStatuses"));
      const ready = states.filter((state) => at(state, "ready") === true).length;
      return `${ready}/${list(at(object, "spec", "containers")).length}`;
    },
  },
  { name: "Status", cell: podStatus },
  { name: "Restarts", cell: restarts },
  AGE,
  field("IP", "status.podIP", 1),
  field("Node", "spec.nodeName", 1),
];

export const NODE_COLUMNS: readonly Column[] = [
  NAME,
  { name: "Status", cell: (object) => (conditionStatus(object, "Ready") === "True" ? "Ready" : "NotReady") },
  { name: "Roles", cell: roles },
  AGE,
  field("Version", "status.nodeInfo.kubeletVersion"),
];

export const EVENT_COLUMNS: readonly Column[] = [
  {
    name: "Last Seen",
    cell: (object, now) => duration(now.getTime() - Date.parse(text(object.lastTimestamp) ?? "")),
  },
  field("Type", "type"),
  field("Reason", "reason"),
  {
    name: "Object",
    cell: (object) =>
      `${String(at(object, "involvedObject", "kind")).toLowerCase()}/${at(object, "involvedObject", "name")}`,
  },
  field("Message", "message"),
];

/** Waiting and terminated containers speak for the pod; a pod on its way out is Terminating. */
function podStatus(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return "Terminating";
  const reasons = list(at(object, "status", "containerStatuses")).map(
    (state) => text(at(state, "state", "waiting", "reason")) ?? text(at(state, "state", "terminated", "reason")),
  );
  const reason = reasons.findLast((each) => each !== undefined);
  return reason ?? text(at(object, "status", "reason")) ?? text(at(object, "status", "phase")) ?? "Unknown";
}

function restarts(object: KubeObject, now: Date): string {
  const states = list(at(object, "status", "containerStatuses"));
  const count = states.reduce<number>((sum, state) => sum + Number(at(state, "restartCount") ?? 0), 0);
  const ends = states.map((state) => Date.parse(text(at(state, "lastState", "terminated", "finishedAt")) ?? ""));
  const latest = Math.max(...ends.filter((time) => !Number.isNaN(time)));
  return count === 0 || !Number.isFinite(latest) ? `${count}` : `${count} (${duration(now.getTime() - latest)} ago)`;
}

function roles(object: KubeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const names = Object.keys(object.metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
  return names.map((label) => label.slice(prefix.length)).join(",") || "<none>";
}

/** The status of a condition, or `<none>`. */
export function conditionStatus(object: KubeObject, type: string): string {
  const condition = list(at(object, "status", "conditions")).find((each) => at(each, "type") === type);
  return text(at(condition, "status")) ?? "<none>";
}

function containers(object: KubeObject, key: string): string {
  return list(at(object, "spec", "template", "spec", "containers"))
    .map((container) => String(at(container, key)))
    .join(",");
}

function selectorOf(object: KubeObject): string {
  return pairs(at(object, "spec", "selector", "matchLabels"));
}

function pairs(map: unknown): string {
  const entries = Object.entries(map ?? {});
  return entries.length === 0 ? "<none>" : entries.map(([key, value]) => `${key}=${value}`).join(",");
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
