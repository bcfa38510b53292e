/**
 * Strategic merge patch (k8s.io/apimachinery/pkg/util/strategicpatch): a merge patch in which some lists are
 * merged by key, with directives: `$patch` (replace, delete), `$retainKeys`, `$setElementOrder/<list>`,
 * `$deleteFromPrimitiveList/<list>`.
 */

import { type Field, fieldsOf } from "./field-types.ts";
import { isJsonObject, type JsonObject, jsonEqual, list } from "./json-value.ts";
import { badRequest } from "./status-errors.ts";

const ORDER = "$setElementOrder/";
const DELETE_VALUES = "$deleteFromPrimitiveList/";

/** @throws ApiError 400 for directives that make no sense and for elements that lack their list's merge key. */
export function applyStrategicMergePatch(target: unknown, patch: unknown, type: string | undefined): unknown {
  if (!isJsonObject(patch)) throw badRequest("error decoding patch: a strategic merge patch is an object");
  return mergeMap(isJsonObject(target) ? target : {}, patch, type);
}

function mergeMap(target: JsonObject, patch: JsonObject, type: string | undefined): JsonObject {
  const directive = patch.$patch;
  if (directive === "replace") return plain(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badRequest(`unknown patch type: ${String(directive)}`);
  const fields = fieldsOf(type);
  const result: Record<string, unknown> = retained(target, patch.$retainKeys);
  for (const key of patchedKeys(patch)) {
    const next = mergeField(result[key], patch, key, fields[key]);
    if (next === undefined) delete result[key];
    else result[key] = next;
  }
  return result;
}

/** Fields that the patch speaks of, be it only by a directive. */
function patchedKeys(patch: JsonObject): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (key.startsWith(ORDER)) keys.add(key.slice(ORDER.length));
    else if (key.startsWith(DELETE_VALUES)) keys.add(key.slice(DELETE_VALUES.length));
    else if (!key.startsWith("$")) keys.add(key);
  }
  return keys;
}

function mergeField(current: unknown, patch: JsonObject, key: string, field: Field | undefined): unknown {
  const value = patch[key];
  if (value === null) return undefined;
  if (isJsonObject(value)) return mergeMap(isJsonObject(current) ? current : {}, value, field?.type);
  if (value === undefined && !Array.isArray(current)) return current;
  if (field?.mergeKey === undefined) return value === undefined ? current : plain(value);
  if (value !== undefined && !Array.isArray(value)) return value;
  const merge: ListMerge = {
    current: list(current),
    patch: list(value),
    order: arrayOrNone(patch[ORDER + key]),
    unwanted: list(patch[DELETE_VALUES + key]),
  };
  return field.mergeKey === "" ? mergeValues(merge) : mergeElements(merge, field.mergeKey, field.type);
}

function arrayOrNone(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

interface ListMerge {
  readonly current: readonly unknown[];
  readonly patch: readonly unknown[];
  readonly order: readonly unknown[] | undefined;
  readonly unwanted: readonly unknown[];
}

function mergeValues({ current, patch, order, unwanted }: ListMerge): readonly unknown[] {
  const kept = current.filter((value) => !unwanted.includes(value));
  const merged = [...kept, ...patch.filter((value) => !kept.includes(value))];
  return inOrder(merged, order, current, (value) => value);
}

function mergeElements(merge: ListMerge, mergeKey: string, type: string | undefined): readonly unknown[] {
  const { current, patch, order } = merge;
  const elements = patch.map((element) => (isJsonObject(element) ? element : {}));
  if (elements.some((element) => element.$patch === "replace")) {
    return elements.filter((element) => element.$patch === undefined).map(plain);
  }
  let merged = [...current];
  for (const element of elements) {
    const key = keyOfElement(element, mergeKey);
    const index = merged.findIndex((each) => isJsonObject(each) && each[mergeKey] === key);
    if (element.$patch === "delete") {
      merged = merged.filter((each) => !isJsonObject(each) || each[mergeKey] !== key);
    } else if (index === -1) {
      merged.push(mergeMap({}, element, type));
    } else {
      const existing = merged[index];
      merged[index] = mergeMap(isJsonObject(existing) ? existing : {}, element, type);
    }
  }
  return inOrder(merged, order, current, (element) => (isJsonObject(element) ? element[mergeKey] : element));
}

function keyOfElement(element: JsonObject, mergeKey: string): unknown {
  const key = element[mergeKey];
  if (key === undefined) {
    throw badRequest(`map: ${JSON.stringify(element)} does not contain declared merge key: ${mergeKey}`);
  }
  return key;
}

/**
 * Elements that the patch names come in its order; the server's own keep their place among those that it knew.
 */
function inOrder(
  merged: readonly unknown[],
  order: readonly unknown[] | undefined,
  before: readonly unknown[],
  keyOf: (element: unknown) => unknown,
): readonly unknown[] {
  if (order === undefined) return merged;
  const wanted = order.map(keyOf);
  const place = (element: unknown) => wanted.indexOf(keyOf(element));
  const placeBefore = (element: unknown) => before.findIndex((each) => jsonEqual(keyOf(each), keyOf(element)));
  const named = merged.filter((element) => place(element) >= 0).sort((left, right) => place(left) - place(right));
  const others = merged.filter((element) => place(element) < 0);
  const result: unknown[] = [];
  for (const element of named) {
    while (others[0] !== undefined && placeBefore(others[0]) < placeBefore(element)) result.push(others.shift());
    result.push(element);
  }
  return [...result, ...others];
}

function retained(target: JsonObject, keys: unknown): Record<string, unknown> {
  if (!Array.isArray(keys)) return { ...target };
  return Object.fromEntries(Object.entries(target).filter(([key]) => keys.includes(key)));
}

/** A value without directives and without the nulls that only delete. */
function plain(value: JsonObject): JsonObject;
function plain(value: unknown): unknown;
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, each]) => !key.startsWith("$") && each !== null)
      .map(([key, each]) => [key, plain(each)]),
  );
}
