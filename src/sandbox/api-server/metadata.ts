/** The metadata that the API server owns: names, identities, times, generations. */

import { randomUUID } from "node:crypto";
import type { KubeObject, NewObject, ObjectMeta } from "../cluster-client.ts";
import { isJsonObject, jsonEqual, without } from "./json-value.ts";
import type { FieldError, ResourceKind } from "./kinds.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const QUALIFIED_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** RFC 3339 to the second, as in `creationTimestamp`. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Metadata of an object that is being created. @param random numbers in [0, 1) for generated names. */
export function newMetadata(
  object: NewObject,
  kind: ResourceKind,
  place: { readonly namespace: string; readonly now: Date; readonly random: () => number },
): ObjectMeta {
  const given: Partial<ObjectMeta> = object.metadata;
  const { generateName, labels, annotations, finalizers, ownerReferences } = given;
  return {
    name: given.name || generatedName(generateName ?? "", place.random),
    ...(generateName === undefined ? {} : { generateName }),
    ...(kind.namespaced ? { namespace: place.namespace } : {}),
    uid: newUid(),
    ...(kind.tracksGeneration ? { generation: 1 } : {}),
    creationTimestamp: timestamp(place.now),
    ...present({ labels, annotations }),
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers }),
    ...(ownerReferences === undefined || ownerReferences.length === 0 ? {} : { ownerReferences }),
  };
}

/** The runtime hands out a UUID as the tree of pieces that it was joined from, twenty times its size: kept flat. */
function newUid(): string {
  return Buffer.from(randomUUID()).toString("latin1");
}

/** Metadata of a changed object: the caller decides on labels and the like, the server keeps the rest. */
export function changedMetadata(old: ObjectMeta, asked: Partial<ObjectMeta>): ObjectMeta {
  const { labels, annotations, finalizers, ownerReferences } = asked;
  const { labels: _, annotations: __, finalizers: ___, ownerReferences: ____, ...kept } = old;
  return {
    ...kept,
    ...present({ labels, annotations }),
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers }),
    ...(ownerReferences === undefined || ownerReferences.length === 0 ? {} : { ownerReferences }),
  };
}

/** Counts up if anything but metadata and status differs (for kinds that count). */
export function withGeneration(kind: ResourceKind, old: KubeObject, next: KubeObject): KubeObject {
  if (!kind.tracksGeneration) return next;
  const aside = kind.statusSubresource || !kind.custom ? ["metadata", "status"] : ["metadata"];
  if (jsonEqual(without(old, ...aside), without(next, ...aside))) return next;
  return { ...next, metadata: { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 } };
}

export function validateMetadata(kind: ResourceKind, metadata: Partial<ObjectMeta>): readonly FieldError[] {
  return [
    ...validateName(kind, metadata.name ?? ""),
    ...validateStringMap("metadata.labels", metadata.labels, true),
    ...validateStringMap("metadata.annotations", metadata.annotations, false),
  ];
}

function validateName(kind: ResourceKind, name: string): readonly FieldError[] {
  const field = "metadata.name";
  if (name === "") {
    return [{ field, reason: "FieldValueRequired", message: "Required value: name or generateName is required" }];
  }
  if (kind.pathSegmentNames) {
    return /[/%]/.test(name) || name === "." || name === ".."
      ? [{ field, reason: "FieldValueInvalid", message: `Invalid value: "${name}": may not contain '/' or '%'` }]
      : [];
  }
  const isNamespace = kind.group === "" && kind.kind === "Namespace";
  const fits = isNamespace ? LABEL.test(name) && name.length <= 63 : SUBDOMAIN.test(name) && name.length <= 253;
  if (fits) return [];
  const rule = isNamespace
    ? "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  return [{ field, reason: "FieldValueInvalid", message: `Invalid value: "${name}": ${rule}` }];
}

function validateStringMap(field: string, map: unknown, labels: boolean): readonly FieldError[] {
  if (map === undefined) return [];
  if (!isJsonObject(map)) return [{ field, reason: "FieldValueInvalid", message: "Invalid value: must be a map" }];
  return Object.entries(map).flatMap(([key, value]): FieldError[] => {
    if (!QUALIFIED_NAME.test(key)) {
      return [
        {
          field,
          reason: "FieldValueInvalid",
          message: `Invalid value: "${key}": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        },
      ];
    }
    if (labels && typeof value === "string" && !LABEL_VALUE.test(value)) {
      return [
        {
          field,
          reason: "FieldValueInvalid",
          message: `Invalid value: "${value}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
        },
      ];
    }
    return [];
  });
}

function generatedName(prefix: string, random: () => number): string {
  if (prefix === "") return "";
  const suffix = Array.from({ length: 5 }, () => SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)]);
  return prefix + suffix.join("");
}

/** The maps that have entries: an empty map of labels is as good as none, and is not stored. */
function present(maps: {
  readonly labels: ObjectMeta["labels"] | undefined;
  readonly annotations: ObjectMeta["annotations"] | undefined;
}): Pick<ObjectMeta, "labels" | "annotations"> {
  return Object.fromEntries(Object.entries(maps).filter(([, map]) => map != null && Object.keys(map).length > 0));
}
