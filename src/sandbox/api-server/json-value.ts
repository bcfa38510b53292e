/** Plain JSON in memory: shared, frozen, compared by value. */

import { sharedText } from "./shared-text.ts";

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
 * Equal texts are one, and so is everything that is empty.
 */
export function frozen<T>(value: T): T {
  // An equal has the shape of the original, less what JSON cannot hold.
  return equalInStore(value) as T;
}

function equalInStore(value: unknown): unknown {
  if (typeof value === "string") return sharedText(value);
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    return value.length === 0 ? NO_ELEMENTS : Object.freeze(value.map((element) => equalInStore(element ?? null)));
  }
  const copy = mapped(value, equalInStore);
  return Object.keys(copy).length === 0 ? NO_KEYS : Object.freeze(copy);
}

const NO_ELEMENTS: readonly unknown[] = Object.freeze([]);
const NO_KEYS: JsonObject = Object.freeze({});

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

/** An object with the same keys (but for those that are undefined) and other values. */
function mapped(object: object, change: (value: unknown, key: string) => unknown): Record<string, unknown> {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  const copy = withKeys(entries.map(([key]) => key));
  for (const [key, value] of entries) copy[key] = change(value, key);
  return copy;
}

/**
 * An object with these keys, which are still to be given their values. The runtime lays an object out in one piece that
 * it reads from JSON or copies from such a one; built key by key, it takes half as much memory again, and twice as much
 * where it has but one key.
 */
function withKeys(keys: readonly string[]): Record<string, unknown> {
  const name = JSON.stringify(keys);
  const known = layouts.get(name);
  if (known !== undefined) return { ...known };
  const layout = JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, null]))));
  if (layouts.size >= LAYOUTS_KEPT) layouts.clear();
  layouts.set(name, layout);
  return { ...layout };
}

const layouts = new Map<string, Record<string, unknown>>();
const LAYOUTS_KEPT = 2000;

/** The object without some of its keys. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function definedKeys(object: JsonObject): readonly string[] {
  return Object.keys(object).filter((key) => object[key] !== undefined);
}
