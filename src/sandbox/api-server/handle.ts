/** The way of every HTTP request: who asks, what for, the answer; whatever goes wrong becomes a Status. */

import { ApiError } from "../cluster-client.ts";
import type { ApiServer } from "./api-server.ts";
import { ANONYMOUS, type User } from "./authorization.ts";
import { discoveryDocument, versionDocument } from "./discovery.ts";
import { ConnectionReset } from "./faults.ts";
import { type ApiRequest, type ApiResponse, failure, header, headerValues, json, plainText } from "./http-exchange.ts";
import { openApiDocument, openApiV2 } from "./openapi.ts";
import { jsonBody } from "./request-body.ts";
import { parseRequestPath, type RequestPath } from "./request-path.ts";
import { answerResource } from "./resource-requests.ts";
import { findReview, type ReviewKind, reviewed } from "./reviews.ts";
import { methodNotAllowed, unauthorized, unknownPath } from "./status-errors.ts";

/**
 * Answers one request. Streams in the answer end when the server stops, when the request's signal is aborted, or
 * when their reader returns.
 *
 * @throws ConnectionReset where a fault wants the connection to break: there is no answer then.
 */
export async function handle(server: ApiServer, request: ApiRequest): Promise<ApiResponse> {
  try {
    const [pathname = "", search] = request.path.split(/\?(.*)/s, 2);
    const user = impersonated(server, request, authenticated(server, request));
    return await answer(server, request, {
      user,
      path: parseRequestPath(pathname),
      query: new URLSearchParams(search),
    });
  } catch (error) {
    if (error instanceof ApiError) return failure(error);
    if (error instanceof ConnectionReset) throw error;
    // A defect of this server: told to the client as Kubernetes tells its own.
    const message = error instanceof Error ? error.message : String(error);
    return failure(new ApiError(500, "InternalError", `Internal error occurred: ${message}`));
  }
}

interface Asked {
  readonly user: User;
  readonly path: RequestPath;
  readonly query: URLSearchParams;
}

async function answer(server: ApiServer, request: ApiRequest, asked: Asked): Promise<ApiResponse> {
  const { user, path, query } = asked;
  if (path.kind === "other") return answerPath(server, request, user, path.path);
  const { group, version, resource, namespace, name, subresource } = path;
  const review = findReview(group, version, resource);
  if (review !== undefined) return answerReview(server, request, user, review);
  const kind = server.kinds.find(group, version, resource);
  if (kind === undefined) throw unknownPath();
  // `/namespaces/x` names the namespace that it is about.
  return answerResource({ server, request, user, kind, namespace, name, subresource, query });
}

async function answerReview(
  server: ApiServer,
  request: ApiRequest,
  user: User,
  review: ReviewKind,
): Promise<ApiResponse> {
  if (request.method !== "POST") throw methodNotAllowed();
  if (user === ANONYMOUS) throw unauthorized();
  const { group, resource } = review;
  const attributes = { user, verb: "create", group, resource, subresource: "", namespace: "", name: "", dryRun: false };
  const body = jsonBody(request);
  const answer = () => json(201, reviewed(review, body, user, server.access));
  return server.observe(attributes, answer, request.signal);
}

function answerPath(server: ApiServer, request: ApiRequest, user: User, path: string): ApiResponse {
  const verb = request.method === "GET" ? "get" : request.method.toLowerCase();
  if (!server.access.allows(user, { kind: "path", verb, path })) {
    throw new ApiError(403, "Forbidden", `forbidden: User "${user.name}" cannot ${verb} path "${path}"`);
  }
  if (path === "/version") return json(200, versionDocument(server.kubernetesVersion));
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return plainText(200, "ok");
  if (path === "/") return json(200, { paths: ["/api", "/api/v1", "/apis", "/healthz", "/openapi/v3", "/version"] });
  if (path === "/openapi/v2") {
    const { contentType, body } = openApiV2(header(request, "accept") ?? "");
    return { status: 200, headers: { "content-type": contentType }, body };
  }
  const document = discoveryDocument(server.kinds, path) ?? openApiDocument(server.kinds, path);
  if (document === undefined) throw unknownPath();
  return { status: 200, headers: { "content-type": "application/json" }, body: document };
}

function authenticated(server: ApiServer, request: ApiRequest): User {
  if (request.user !== undefined) return request.user;
  const authorization = header(request, "authorization");
  if (authorization === undefined) return ANONYMOUS;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  const user = token === undefined ? undefined : userOf(server, token);
  if (user === undefined) throw unauthorized();
  return user.groups.includes("system:authenticated")
    ? user
    : { ...user, groups: [...user.groups, "system:authenticated"] };
}

function userOf(server: ApiServer, token: string): User | undefined {
  return server.tokens.find(token) ?? server.accountTokens.find(token) ?? server.tokenWebhook?.(token);
}

/** The user that the caller speaks for, as Rancher's proxy does for its users. @throws ApiError 403 */
function impersonated(server: ApiServer, request: ApiRequest, caller: User): User {
  const name = header(request, "impersonate-user");
  if (name === undefined) return caller;
  const groups = headerValues(request, "impersonate-group");
  mustBeAllowedToImpersonate(server, caller, "users", name);
  for (const group of groups) mustBeAllowedToImpersonate(server, caller, "groups", group);
  return { name, groups: [...new Set([...groups, "system:authenticated"])] };
}

function mustBeAllowedToImpersonate(server: ApiServer, caller: User, resource: string, name: string): void {
  const where = { group: "", subresource: "", namespace: "" };
  if (server.access.allows(caller, { kind: "resource", verb: "impersonate", resource, name, ...where })) return;
  const message = `${resource} "${name}" is forbidden: User "${caller.name}" cannot impersonate resource "${resource}" in API group "" at the cluster scope`;
  throw new ApiError(403, "Forbidden", message, { name, kind: resource });
}
