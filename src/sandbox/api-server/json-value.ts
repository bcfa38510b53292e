/** Plain JSON in memory: shared, frozen, compared by value. */

export type JsonObject = { readonly [key: string]: unknown };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object at a dotted path of keys, or undefined where the path ends early. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isJsonObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * A frozen equal of a JSON value. What is frozen already is taken to be frozen all the way down and is shared, so
 * that an object that differs from an earlier one in one field costs one field. Keys that are undefined are left out.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const copy: unknown = Array.isArray(value)
    ? value.map((element) => frozen(element ?? null))
    : Object.fromEntries(
        Object.entries(value)
          .filter(([, element]) => element !== undefined)
          .map(([key, element]) => [key, frozen(element)]),
      );
  // The copy has the shape of the original, less what JSON cannot hold.
  return Object.freeze(copy) as T;
}

/** Whether two JSON values are equal, whatever the order of keys. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((element, index) => jsonEqual(element, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = definedKeys(left);
  return keys.length === definedKeys(right).length && keys.every((key) => jsonEqual(left[key], right[key]));
}

/** An equal of `next` that shares with `old` whatever is equal in both; `old` itself if all is. */
export function sharing(old: unknown, next: unknown): unknown {
  if (old === next) return old;
  if (Array.isArray(old) && Array.isArray(next)) {
    const elements = next.map((element, index) => sharing(old[index], element));
    const same = elements.length === old.length && elements.every((element, index) => element === old[index]);
    return same ? old : elements;
  }
  if (!isJsonObject(old) || !isJsonObject(next)) return next;
  const keys = definedKeys(next);
  const entries = keys.map((key) => [key, sharing(old[key], next[key])] as const);
  const same = keys.length === definedKeys(old).length && entries.every(([key, value]) => value === old[key]);
  return same ? old : Object.fromEntries(entries);
}

/** The object without some of its keys. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function definedKeys(object: JsonObject): readonly string[] {
  return Object.keys(object).filter((key) => object[key] !== undefined);
}
