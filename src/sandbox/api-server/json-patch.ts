/** JSON patch (RFC 6902), without changing what it is applied to: what the patch does not touch stays shared. */

import { isJsonObject, jsonEqual } from "./json-value.ts";
import { badRequest, unprocessablePatch } from "./status-errors.ts";

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly pointer: string;
  readonly from: readonly string[];
  readonly value: unknown;
}

/** @throws ApiError 400 for what is not a JSON patch, 422 where it does not apply (a failed `test` included). */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: a JSON patch is an array of operations");
  return patch.map(parsed).reduce<unknown>((current, operation) => apply(current, operation), target);
}

function parsed(candidate: unknown): Operation {
  if (!isJsonObject(candidate)) throw badRequest("error decoding patch: an operation is an object");
  const { op, path, from, value } = candidate;
  if (typeof op !== "string" || typeof path !== "string") {
    throw badRequest("error decoding patch: an operation needs an op and a path");
  }
  return { op, path: segments(path), pointer: path, from: segments(typeof from === "string" ? from : ""), value };
}

function apply(target: unknown, operation: Operation): unknown {
  const { op, path, from, value } = operation;
  switch (op) {
    case "add":
      return inserted(target, path, value);
    case "remove":
      return removed(target, path, "remove");
    case "replace":
      lookUp(target, path, "replace");
      return replaced(target, path, value);
    case "move":
      return inserted(removed(target, from, "move"), path, lookUp(target, from, "move"));
    case "copy":
      return inserted(target, path, lookUp(target, from, "copy"));
    case "test":
      return tested(target, operation);
    default:
      throw unprocessablePatch(`Unexpected kind: ${op}`);
  }
}

/** RFC 6902 compares with a missing value as an error; evanphx/json-patch, the API's, takes null for missing. */
function tested(target: unknown, operation: Operation): unknown {
  const found = find(target, operation.path);
  if (!jsonEqual(found ?? null, operation.value ?? null)) {
    throw unprocessablePatch(`testing value ${operation.pointer} failed: test failed`);
  }
  return target;
}

function segments(pointer: string): readonly string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw unprocessablePatch(`path ${pointer} does not start with /`);
  return pointer
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find(target: unknown, path: readonly string[]): unknown {
  let current = target;
  for (const segment of path) {
    if (Array.isArray(current)) current = current[Number(segment)];
    else if (isJsonObject(current)) current = current[segment];
    else return undefined;
  }
  return current;
}

function lookUp(target: unknown, path: readonly string[], op: string): unknown {
  const found = find(target, path);
  if (found === undefined) throw missing(op, path);
  return found;
}

function missing(op: string, path: readonly string[]): Error {
  return unprocessablePatch(`${op} operation does not apply: doc is missing path: /${path.join("/")}`);
}

/** Rebuilds the containers along the path, the last one by `change`. */
function rebuilt(
  target: unknown,
  path: readonly string[],
  change: (container: object, key: string) => unknown,
  op: string,
): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof target !== "object" || target === null) throw missing(op, path);
  if (rest.length === 0) return change(target, key);
  const child = find(target, [key]);
  if (child === undefined) throw missing(op, path);
  const next = rebuilt(child, rest, change, op);
  return Array.isArray(target) ? target.with(Number(key), next) : { ...target, [key]: next };
}

function inserted(target: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const insert = (container: object, key: string) => {
    if (!Array.isArray(container)) return { ...container, [key]: value };
    const index = key === "-" ? container.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > container.length) throw missing("add", path);
    return container.toSpliced(index, 0, value);
  };
  return rebuilt(target, path, insert, "add");
}

function replaced(target: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const replace = (container: object, key: string) =>
    Array.isArray(container) ? container.with(Number(key), value) : { ...container, [key]: value };
  return rebuilt(target, path, replace, "replace");
}

function removed(target: unknown, path: readonly string[], op: string): unknown {
  lookUp(target, path, op);
  const remove = (container: object, key: string) =>
    Array.isArray(container)
      ? container.toSpliced(Number(key), 1)
      : Object.fromEntries(Object.entries(container).filter(([each]) => each !== key));
  return rebuilt(target, path, remove, op);
}
