/** The options that requests carry in their query. */

import type { DeleteOptions } from "../cluster-client.ts";
import { at, type JsonObject, list, text } from "./json-value.ts";
import { badRequest } from "./status-errors.ts";

export function isDryRun(query: URLSearchParams, body: JsonObject = {}): boolean {
  const asked = [...query.getAll("dryRun"), ...list(body.dryRun)];
  for (const value of asked) {
    if (value !== "All") throw badRequest(`Invalid value: "${String(value)}": dryRun: supported values: "All"`);
  }
  return asked.length > 0;
}

export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

/** A number that is not negative. Undefined if it is left out or 0. @throws ApiError 400 */
export function amount(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "" || value === "0") return undefined;
  const parsed = Number(value);
  if (!Number.isSafeInteger(parsed) || parsed < 0) {
    throw badRequest(`${name}: Invalid value: "${value}": strconv.ParseInt: parsing "${value}": invalid syntax`);
  }
  return parsed;
}

/** The version in `resourceVersion`; undefined if any will do. @throws ApiError 400 */
export function versionIn(query: URLSearchParams): number | undefined {
  const value = query.get("resourceVersion");
  if (value === null || value === "" || value === "0") return undefined;
  if (!/^\d{1,15}$/.test(value)) {
    throw badRequest(
      `resourceVersion: Invalid value: "${value}": strconv.ParseUint: parsing "${value}": invalid syntax`,
    );
  }
  return Number(value);
}

/** How to delete, from the body (DeleteOptions) and the query, which says the same. */
export function deleteOptions(query: URLSearchParams, body: JsonObject): DeleteOptions {
  const grace = body.gracePeriodSeconds ?? amountOrZero(query, "gracePeriodSeconds");
  const policy = text(body.propagationPolicy) ?? query.get("propagationPolicy") ?? undefined;
  const orphan = body.orphanDependents === true || flag(query, "orphanDependents");
  const uid = text(at(body, "preconditions", "uid"));
  const resourceVersion = text(at(body, "preconditions", "resourceVersion"));
  return {
    ...(typeof grace === "number" ? { gracePeriodSeconds: grace } : {}),
    ...propagation(orphan ? "Orphan" : policy),
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

function propagation(policy: string | undefined): Pick<DeleteOptions, "propagationPolicy"> {
  if (policy === undefined) return {};
  if (policy === "Background" || policy === "Foreground" || policy === "Orphan") return { propagationPolicy: policy };
  throw badRequest(`DeleteOptions: Invalid value: "${policy}": propagationPolicy`);
}

function amountOrZero(query: URLSearchParams, name: string): number | undefined {
  return query.get(name) === "0" ? 0 : amount(query, name);
}
