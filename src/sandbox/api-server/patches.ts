/** The three kinds of patches, each by its own rules, to one end. */

import type { KubeObject, NewObject, Patch } from "../cluster-client.ts";
import { rootType } from "./field-types.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { isJsonObject } from "./json-value.ts";
import type { ResourceKind } from "./kinds.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { badRequest, unsupportedMediaType } from "./status-errors.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

/** The Content-Type of each type of patch. */
export const PATCH_MEDIA_TYPES = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
} as const;

/** Media types that the kind takes; kinds made by a definition know no strategic merge. */
export function acceptedPatches(kind: ResourceKind): readonly string[] {
  const { json, merge, strategic } = PATCH_MEDIA_TYPES;
  return kind.custom ? [json, merge] : [json, merge, strategic];
}

/** @throws ApiError 400, 415 or 422 */
export function applyPatch(kind: ResourceKind, old: KubeObject, patch: Pick<Patch, "type" | "body">): NewObject {
  const result = patched(kind, old, patch);
  if (!isJsonObject(result) || !isJsonObject(result.metadata)) {
    throw badRequest("the patch leaves no object with metadata");
  }
  return { ...result, apiVersion: old.apiVersion, kind: old.kind, metadata: result.metadata };
}

function patched(kind: ResourceKind, old: KubeObject, { type, body }: Pick<Patch, "type" | "body">): unknown {
  switch (type) {
    case "json":
      return applyJsonPatch(old, body);
    case "merge":
      if (!isJsonObject(body)) throw badRequest("error decoding patch: a merge patch is an object");
      return applyMergePatch(old, body);
    case "strategic":
      if (kind.custom) throw unsupportedMediaType(acceptedPatches(kind));
      return applyStrategicMergePatch(old, body, rootType(kind));
  }
}
