/**
 * What is known of the fields of built-in kinds, read from the table in `api-types.ts`: how lists are merged, what
 * is published as OpenAPI, and which fields there are at all.
 */

import { API_TYPES } from "./api-types.ts";
import { isJsonObject, type JsonObject } from "./json-value.ts";
import { apiVersionOf, type ResourceKind } from "./kinds.ts";

export interface Field {
  /** `string`, `int`, `bool`, `map`, `any`, or the name of another type; of the elements, if it is a list. */
  readonly type: string;
  readonly list: boolean;
  /** A strategic merge patch merges elements that agree in this field; "" merges plain values as a set. */
  readonly mergeKey: string | undefined;
  /** A patch names all keys of the value that may stay (`$retainKeys`): for values that are "one of". */
  readonly retainKeys: boolean;
}

export type Fields = Readonly<Record<string, Field>>;

const PARSED = new Map<string, Fields>();
const NONE: Fields = {};

/** The fields of a type; none for a type that is not in the table. */
export function fieldsOf(type: string | undefined): Fields {
  const words = type === undefined || !Object.hasOwn(API_TYPES, type) ? undefined : API_TYPES[type];
  if (type === undefined || words === undefined) return NONE;
  const known = PARSED.get(type) ?? Object.fromEntries(words.split(" ").map(parsedField));
  PARSED.set(type, known);
  return known;
}

/** All types that the table describes. */
export function describedTypes(): readonly string[] {
  return Object.keys(API_TYPES);
}

/** The type of a whole object: that of its kind, if Kubernetes defines it; else only its metadata is known. */
export function rootType(kind: ResourceKind): string | undefined {
  return !kind.custom && Object.hasOwn(API_TYPES, kind.kind) ? kind.kind : undefined;
}

/** An object without the fields that its kind does not have, as a decoder leaves it, and where those were. */
export function known(kind: ResourceKind, object: JsonObject): { object: JsonObject; unknown: readonly string[] } {
  const unknown: string[] = [];
  const type = rootType(kind);
  if (type === undefined) return { object, unknown };
  const kept = knownPart(object, type, (path) => unknown.push(path), "");
  return { object: isJsonObject(kept) ? kept : object, unknown };
}

/** How a decoder speaks of unknown fields. */
export function strictDecodingMessage(kind: ResourceKind, unknown: readonly string[]): string {
  const version = apiVersionOf(kind).split("/").at(-1);
  const list = unknown.map((path) => `unknown field "${path}"`).join(", ");
  return `${kind.kind} in version "${version}" cannot be handled as a ${kind.kind}: strict decoding error: ${list}`;
}

function knownPart(value: unknown, type: string, report: (path: string) => void, path: string): unknown {
  const fields = fieldsOf(type);
  if (!isJsonObject(value) || fields === NONE) return value;
  const entries = Object.entries(value).flatMap(([key, each]) => {
    const place = path === "" ? key : `${path}.${key}`;
    const field = fields[key];
    if (field === undefined) {
      report(place);
      return [];
    }
    if (!field.list || !Array.isArray(each)) return [[key, knownPart(each, field.type, report, place)]];
    const elements = each.map((element, index) => knownPart(element, field.type, report, `${place}[${index}]`));
    return [[key, elements]];
  });
  return Object.fromEntries(entries);
}

function parsedField(word: string): readonly [string, Field] {
  const [, name = "", type = "string", list, key, retain] =
    /^(\w+)(?::(\w+))?(\[\])?(@\w*)?(\+retainKeys)?$/.exec(word) ?? [];
  const field = { type, list: list !== undefined, mergeKey: key?.slice(1), retainKeys: retain !== undefined };
  return [name, field];
}
