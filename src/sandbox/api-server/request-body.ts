/** Reading what a client sent. */

import type { NewObject } from "../cluster-client.ts";
import { known, strictDecodingMessage } from "./field-types.ts";
import { type ApiRequest, header } from "./http-exchange.ts";
import { at, isJsonObject, type JsonObject } from "./json-value.ts";
import { apiVersionOf, type ResourceKind } from "./kinds.ts";
import { acceptedPatches, PATCH_MEDIA_TYPES } from "./patches.ts";
import { decodeProtobuf, PROTOBUF_MEDIA_TYPE } from "./protobuf.ts";
import {
  badRequest,
  entityTooLarge,
  invalid,
  serverSideApplyUnsupported,
  unsupportedMediaType,
} from "./status-errors.ts";

/** The API server's limit for a request body: 3 MiB (k8s.io/apiserver/pkg/server.Config.MaxRequestBodyBytes). */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/**
 * The object of a create or update, without the fields that its kind does not have.
 *
 * @param place.strict fields that the kind does not have are an error (`fieldValidation=Strict`).
 * @throws ApiError 400, 413 or 415
 */
export function objectIn(
  request: ApiRequest,
  kind: ResourceKind,
  { namespace, strict }: { readonly namespace: string; readonly strict: boolean },
): NewObject {
  const body = jsonBody(request);
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = body;
  mustBeOfKind(body, kind);
  const named = kind.kind;
  if (metadata !== undefined && !isJsonObject(metadata)) {
    throw badRequest(
      `${named} in version "${kind.version}" cannot be handled as a ${named}: json: cannot unmarshal metadata into Go struct field`,
    );
  }
  const given = metadata ?? {};
  if (kind.namespaced && given.namespace && given.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  mustDecode(kind, body);
  const { object, unknown } = known(kind, { ...rest, metadata: given });
  if (strict && unknown.length > 0) throw badRequest(strictDecodingMessage(kind, unknown));
  // `managedFields` are not kept: server-side apply, which needs them, is not offered.
  const { managedFields: _, ...kept } = isJsonObject(object.metadata) ? object.metadata : {};
  return { ...object, apiVersion: apiVersionOf(kind), kind: named, metadata: kept };
}

/** Kubernetes' own kinds may leave out what they are; the path says it. @throws ApiError 400 or 422 */
function mustBeOfKind(body: JsonObject, kind: ResourceKind): void {
  const expected = apiVersionOf(kind);
  const named = body.kind || (kind.custom ? "" : kind.kind);
  const version = body.apiVersion || (kind.custom ? "" : expected);
  if (named === "") {
    const cause = `Object 'Kind' is missing in '${JSON.stringify(body)}'`;
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${cause}`);
  }
  if (version !== expected) throw badRequest(otherVersion(kind, String(named), String(version)));
  if (named === kind.kind) return;
  if (kind.custom) {
    const message = `Invalid value: "${named}": must be ${kind.kind}`;
    const asked = { ...kind, kind: String(named) };
    throw invalid(asked, String(at(body, "metadata", "name") ?? ""), [
      { field: "kind", reason: "FieldValueInvalid", message },
    ]);
  }
  const cause = `converting (${kind.version}.${named}) to (core.${kind.kind}): unknown conversion`;
  throw badRequest(`${named} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${cause}`);
}

/** Other versions of the same group are known by name; one that no group has is not. */
function otherVersion(kind: ResourceKind, named: string, version: string): string {
  const isKnown = kind.group === "" ? version.includes("/") : version.startsWith(`${kind.group}/`);
  if (isKnown || kind.custom) {
    return `the API version in the data (${version}) does not match the expected API version (${apiVersionOf(kind)})`;
  }
  const cause = `no kind "${named}" is registered for version "${version}" in scheme "pkg/runtime/scheme.go:111"`;
  return `${named} in version "${version}" cannot be handled as a ${kind.kind}: ${cause}`;
}

/** The patch of a PATCH request. @throws ApiError 400, 413 or 415 */
export function patchIn(
  request: ApiRequest,
  kind: ResourceKind,
): { type: "json" | "merge" | "strategic"; body: unknown } {
  const mediaType = mediaTypeOf(request);
  if (mediaType === "application/apply-patch+yaml") throw serverSideApplyUnsupported();
  const accepted = acceptedPatches(kind);
  const type = (["json", "merge", "strategic"] as const).find((each) => PATCH_MEDIA_TYPES[each] === mediaType);
  if (type === undefined || !accepted.includes(PATCH_MEDIA_TYPES[type])) throw unsupportedMediaType(accepted);
  return { type, body: parsed(bodyText(request), "error decoding patch: ") };
}

/** The options that come as the body of a DELETE, if any. */
export function deleteOptionsIn(request: ApiRequest): JsonObject {
  return bodyBytes(request).length === 0 ? {} : jsonBody(request);
}

/** Any JSON object, as sent with POST and PUT. */
export function jsonBody(request: ApiRequest): JsonObject {
  const mediaType = mediaTypeOf(request);
  if (mediaType === PROTOBUF_MEDIA_TYPE) return decodeProtobuf(bodyBytes(request));
  if (mediaType !== "" && mediaType !== "application/json") {
    throw unsupportedMediaType(["application/json", PROTOBUF_MEDIA_TYPE]);
  }
  const body = parsed(bodyText(request), "couldn't get version/kind; json parse error: ");
  if (!isJsonObject(body)) {
    throw badRequest(
      "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct",
    );
  }
  return body;
}

function parsed(text: string, prefix: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The runtime's message may quote the text, which may be a Secret: only what is before the quotation is told.
    const cause = error instanceof Error ? (error.message.split(/[,"'(]/)[0] ?? "").trim() : "";
    throw badRequest(`${prefix}${text.trim() === "" ? "unexpected end of JSON input" : cause}`);
  }
}

function bodyText(request: ApiRequest): string {
  return Buffer.from(bodyBytes(request)).toString("utf8");
}

function bodyBytes({ body = "" }: ApiRequest): Uint8Array {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (bytes.length > MAX_BODY_BYTES) throw entityTooLarge(MAX_BODY_BYTES);
  return bytes;
}

function mediaTypeOf(request: ApiRequest): string {
  return (header(request, "content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Types that Go's decoder would refuse, where clients get them wrong. */
function mustDecode(kind: ResourceKind, body: JsonObject): void {
  if (kind.group !== "" || (kind.kind !== "Secret" && kind.kind !== "ConfigMap")) return;
  const prefix = `${kind.kind} in version "v1" cannot be handled as a ${kind.kind}: `;
  for (const [key, value] of Object.entries(isJsonObject(body.data) ? body.data : {})) {
    if (typeof value !== "string") {
      throw badRequest(
        `${prefix}json: cannot unmarshal ${typeof value} into Go struct field ${kind.kind}.data.${key} of type string`,
      );
    }
    if (kind.kind === "Secret" && !BASE64.test(value.replaceAll(/[\r\n]/g, ""))) {
      throw badRequest(`${prefix}illegal base64 data at input byte ${illegalAt(value)}`);
    }
  }
}

function illegalAt(value: string): number {
  const found = /[^A-Za-z0-9+/=\r\n]/.exec(value);
  return found?.index ?? value.length - (value.length % 4);
}
