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
  const copy: unknown = Array.isArray(value) ? value.map((element) => frozen(element ?? null)) : mapped(value, frozen);
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
  const shared = mapped(next, (value, key) => sharing(old[key], value));
  const keys = Object.keys(shared);
  const same = keys.length === definedKeys(old).length && keys.every((key) => shared[key] === old[key]);
  return same ? old : shared;
}

/**
 * An object with the same keys (but for those that are undefined) and other values. A copy of the whole keeps the
 * layout in memory; built key by key, an object takes twice as much of it.
 */
function mapped(object: object, change: (value: unknown, key: string) => unknown): Record<string, unknown> {
  const entries = Object.entries(object);
  const copy: Record<string, unknown> = entries.some(([, value]) => value === undefined)
    ? Object.fromEntries(entries.filter(([, value]) => value !== undefined))
    : { ...object };
  for (const key of Object.keys(copy)) copy[key] = change(copy[key], key);
  return copy;
}

/** The object without some of its keys. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function definedKeys(object: JsonObject): readonly string[] {
  return Object.keys(object).filter((key) => object[key] !== undefined);
}
