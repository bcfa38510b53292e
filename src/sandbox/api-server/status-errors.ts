/**
 * The API's own errors. Reasons, codes and sentences are those of k8s.io/apimachinery/pkg/api/errors, because
 * clients (kubectl among them) decide by reason and show the message.
 */

import { ApiError } from "../cluster-client.ts";
import { type FieldError, qualifiedKind, qualifiedResource, type ResourceKind } from "./kinds.ts";

export function notFound(kind: ResourceKind, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualifiedResource(kind)} "${name}" not found`, detailsOf(kind, name));
}

/** A path that leads nowhere: unknown group, version, resource or subresource. */
export function unknownPath(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource");
}

export function alreadyExists(kind: ResourceKind, name: string): ApiError {
  const message = `${qualifiedResource(kind)} "${name}" already exists`;
  return new ApiError(409, "AlreadyExists", message, detailsOf(kind, name));
}

export function conflict(kind: ResourceKind, name: string, cause: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(kind)} "${name}": ${cause}`;
  return new ApiError(409, "Conflict", message, detailsOf(kind, name));
}

export const OBJECT_MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again";

export function invalid(kind: ResourceKind, name: string, errors: readonly FieldError[]): ApiError {
  const sentences = errors.map((error) => `${error.field}: ${error.message}`);
  const list = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
  return new ApiError(422, "Invalid", `${qualifiedKind(kind)} "${name}" is invalid: ${list}`, {
    name,
    ...(kind.group === "" ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: errors.map((error) => ({ reason: error.reason, message: error.message, field: error.field })),
  });
}

/** A JSON patch that parses but cannot be applied, a failed `test` among them. */
export function unprocessablePatch(cause: string): ApiError {
  return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {
    causes: [{ reason: "UnexpectedServerResponse", message: cause }],
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

export function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

export function forbidden(kind: ResourceKind, name: string, cause: string): ApiError {
  const what = name === "" ? qualifiedResource(kind) : `${qualifiedResource(kind)} "${name}"`;
  return new ApiError(403, "Forbidden", `${what} is forbidden: ${cause}`, detailsOf(kind, name));
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

export function notAcceptable(): ApiError {
  return new ApiError(406, "NotAcceptable", "only the following media types are accepted: application/json");
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const list = accepted.join(", ");
  const message = `the body of the request was in an unknown format - accepted media types include: ${list}`;
  return new ApiError(415, "UnsupportedMediaType", message);
}

/** Server-side apply, which this server leaves out: it would need field ownership. */
export function serverSideApplyUnsupported(): ApiError {
  const message =
    "server-side apply is not supported by this API server: use client-side apply, or a merge, strategic merge or JSON patch";
  return new ApiError(415, "UnsupportedMediaType", message);
}

export function entityTooLarge(limit: number): ApiError {
  return new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

/** A watch or a continue token that goes back further than the history that is kept. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

/** A version that this server has not reached: it was given out by another one, or before a restart. */
export function tooLargeResourceVersion(asked: number, current: number): ApiError {
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  return new ApiError(504, "Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** The JSON body of an answer that is not success. */
export function statusBody(error: ApiError): object {
  const details = Object.keys(error.details).length === 0 ? {} : { details: error.details };
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    reason: error.reason,
    ...details,
    code: error.status,
  };
}

function detailsOf(kind: ResourceKind, name: string): Readonly<Record<string, unknown>> {
  return {
    ...(name === "" ? {} : { name }),
    ...(kind.group === "" ? {} : { group: kind.group }),
    kind: kind.resource,
  };
}
