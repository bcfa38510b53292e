/**
 * A saved object and the one that is there now: what putting the saved one back would change. Pure. Values of Secrets,
 * and annotations that repeat them, are never shown.
 */
import type { KubeObject } from "../kubernetes/object.ts";
import type { SavedObject } from "./archive.ts";

/** One field that differs. `saved` and `present` are shown to people: one line, or a word for what is not shown. */
export interface FieldDifference {
  /** `spec.template.spec.containers[0].env[2].value`, `data.tls.crt`. */
  readonly field: string;
  readonly saved: string;
  readonly present: string;
}

export type Difference =
  | { readonly kind: "same" }
  /** It was deleted since. */
  | { readonly kind: "missing" }
  /** It was changed since: it is newer than the backup. */
  | { readonly kind: "changed"; readonly fields: readonly FieldDifference[] }
  /** The estate writes it by itself; putting it back would have no effect that lasts. */
  | { readonly kind: "derived" };

/**
 * What a cluster object of Rancher's holds for reaching the cluster. The rest of its status is observation.
 * Rancher ≥ 2.6.7: the token is in the Secret that `serviceAccountTokenSecret` names.
 */
export const CLUSTER_STATUS_FIELDS = ["apiEndpoint", "caCert", "serviceAccountToken", "serviceAccountTokenSecret"];

/** Metadata that belongs to one life of an object, or that the API server and its controllers write. */
const LIFE_METADATA = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "ownerReferences",
  "selfLink",
]);
const LIFE_ANNOTATIONS = new Set(["deployment.kubernetes.io/revision"]);

/** @param present undefined when there is no object of that name any more */
export function differenceOf(saved: SavedObject, present: KubeObject | undefined): Difference {
  if (isDerived(saved)) return { kind: "derived" };
  if (present === undefined) return { kind: "missing" };
  const fields = fieldsThatDiffer(restorable(saved, saved.object), restorable(saved, present));
  if (fields.length === 0) return { kind: "same" };
  return { kind: "changed", fields: fields.map((one) => shown(saved.kind, one)) };
}

/** Rancher writes its settings of certificates when it starts: from Secret `tls-ca`, or from its own authority. */
function isDerived({ kind, object }: SavedObject): boolean {
  return kind === "Setting" && /cacerts$/.test(object.metadata.name);
}

/** What of an object is put back: all but one life's metadata and what is observed. */
export function restorable({ kind, resource }: SavedObject, object: KubeObject): Record<string, unknown> {
  const { metadata, status, apiVersion: _, kind: __, ...rest } = object;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !LIFE_ANNOTATIONS.has(key));
  const kept = Object.entries(metadata).filter(([key]) => !LIFE_METADATA.has(key) && key !== "annotations");
  const own = annotations.length === 0 ? kept : [...kept, ["annotations", Object.fromEntries(annotations)]];
  const isManagementCluster = kind === "Cluster" && resource.group === "management.cattle.io";
  // Annotations of clusters are orders and records of Rancher's controllers.
  const meta = isManagementCluster ? { name: metadata.name } : Object.fromEntries(own);
  return { ...rest, metadata: meta, ...(isManagementCluster ? { status: reachOf(status) } : {}) };
}

function reachOf(status: unknown): Record<string, unknown> {
  const entries = typeof status === "object" && status !== null ? Object.entries(status) : [];
  return Object.fromEntries(entries.filter(([key]) => CLUSTER_STATUS_FIELDS.includes(key)));
}

interface RawDifference {
  readonly field: string;
  readonly saved: unknown;
  readonly present: unknown;
}

function fieldsThatDiffer(saved: unknown, present: unknown, field = ""): RawDifference[] {
  if (isMap(saved) && isMap(present) && (isRecord(saved) || isRecord(present))) {
    const keys = [...new Set([...Object.keys(saved ?? {}), ...Object.keys(present ?? {})])].sort();
    return keys.flatMap((key) =>
      fieldsThatDiffer(saved?.[key], present?.[key], field === "" ? key : `${field}.${key}`),
    );
  }
  if (Array.isArray(saved) && Array.isArray(present) && saved.length === present.length) {
    return saved.flatMap((item, index) => fieldsThatDiffer(item, present[index], `${field}[${index}]`));
  }
  return JSON.stringify(saved) === JSON.stringify(present) ? [] : [{ field, saved, present }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A map that is absent is one without keys: each of its fields is then named, and judged, by itself. */
function isMap(value: unknown): value is Record<string, unknown> | undefined {
  return value === undefined || isRecord(value);
}

const HIDDEN = "(not shown)";
const LONGEST = 60;
const PIN = /^[0-9a-f]{64}$/;

function shown(kind: string, { field, saved, present }: RawDifference): FieldDifference {
  const secret =
    (kind === "Secret" && /^(data|stringData)\b/.test(field)) ||
    /last-applied-configuration|token|password|\.key$|\benv\b/i.test(field);
  const text = (value: unknown): string => {
    if (value === undefined) return "(absent)";
    // Variables may hold passwords; a pin is none.
    if (secret && !(typeof value === "string" && PIN.test(value))) return HIDDEN;
    const json = typeof value === "string" ? value : JSON.stringify(value);
    const line = json.replaceAll(/\s+/g, " ");
    return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
  };
  return { field, saved: text(saved), present: text(present) };
}
