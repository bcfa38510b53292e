/** Any Kubernetes object as plain JSON, exactly as it was received: what is written back differs only where it must. */

/** Metadata that Farrier reads, of every kind. Other fields are kept. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly generation?: number | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly [field: string]: unknown;
}

/** An object of the API. What is beside the metadata belongs to the kind; parse it with that kind's file. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

const TEXTS = ["namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"] as const;

/**
 * The value itself, not a copy, once its metadata has been checked; undefined for anything else. Every object of every
 * answer passes here, so that the check is written out instead of being a schema: see docs/adr/0011.
 */
export function asKubeObject(value: unknown): KubeObject | undefined {
  return isKubeObject(value) ? value : undefined;
}

function isKubeObject(value: unknown): value is KubeObject {
  if (!isRecord(value) || !isRecord(value.metadata)) return false;
  const { metadata } = value;
  return (
    typeof metadata.name === "string" &&
    TEXTS.every((field) => isAbsentOr("string", metadata[field])) &&
    isAbsentOr("number", metadata.generation) &&
    (metadata.labels === undefined || isTextMap(metadata.labels)) &&
    (metadata.annotations === undefined || isTextMap(metadata.annotations))
  );
}

/** An object of JSON. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAbsentOr(type: "string" | "number", value: unknown): boolean {
  return value === undefined || typeof value === type;
}

/** Names and texts: labels, annotations, a selector. */
export function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  if (!isRecord(value)) return false;
  for (const name in value) if (typeof value[name] !== "string") return false;
  return true;
}

/** A reading that is kept for as long as the object is: objects are never changed once they were received. */
export function readOnce<Read>(read: (object: KubeObject) => Read): (object: KubeObject) => Read {
  const known = new WeakMap<KubeObject, { readonly reading: Read }>();
  return (object) => {
    const earlier = known.get(object);
    if (earlier !== undefined) return earlier.reading;
    const reading = read(object);
    known.set(object, { reading });
    return reading;
  };
}
