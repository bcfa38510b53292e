import type { IncomingMessage, ServerResponse } from "node:http";
import { refuse, tell, type Upgrade } from "../message-stream.ts";
import { authenticate, type Caller } from "./authentication.ts";
import { accessTo, askerOf, asRancher, type ClusterAccess } from "./cluster-access.ts";
import { recordOf } from "./norman.ts";
import { CLUSTERS } from "./resources.ts";
import { bodyOf, sendJson, sendText } from "./response.ts";
import type { Exchange, ServerContext } from "./server.ts";
import type { Session } from "./session-registry.ts";
import { DISCONNECTED, type TunnelHandler, type TunnelResponse } from "./tunnel.ts";

/** Headers that belong to one connection, and those that Rancher replaces by its own identity. */
const NOT_FORWARDED =
  /^(connection|host|authorization|content-length|transfer-encoding|keep-alive|upgrade|impersonate-)/;

/**
 * `/k8s/clusters/<id>/…`, and for the local cluster also `/api` and `/apis`: passes the request on to the cluster's
 * API server, through the agent's tunnel, as the user who asks.
 */
export async function proxyToCluster(exchange: Exchange, context: ServerContext, caller: Caller): Promise<void> {
  const { response, request } = exchange;
  const { clusterId, path } = target(exchange.url);
  const found = await handlerOf(clusterId, context, caller);
  if (found.kind === "none") return found.answer(response);
  const controller = new AbortController();
  response.on("close", () => controller.abort(GONE));
  try {
    const body = await bodyOf(request);
    const asked = { method: request.method ?? "GET", path, headers: forwarded(request, caller), body };
    const answer = await found.handler(asked, controller.signal);
    await passOn(answer, response, controller.signal);
  } catch (error) {
    if (response.headersSent) response.destroy();
    // Rancher's proxy answers with a bare 500 and the error's text, whatever went wrong on the way.
    else sendText(response, 500, error instanceof Error ? error.message : String(error));
  }
}

/** The request's headers as Rancher passes them on: in the name of the user who asks. */
function forwarded({ headers }: IncomingMessage, { userId }: Caller): Readonly<Record<string, string>> {
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" && !NOT_FORWARDED.test(name) ? [[name, value]] : [],
  );
  return { ...Object.fromEntries(kept), "impersonate-user": userId, "impersonate-group": "system:authenticated" };
}

/** The same for a WebSocket, such as that of a person's shell in a pod. */
export async function upgradeToCluster(upgrade: Upgrade, context: ServerContext): Promise<void> {
  const { request, socket } = upgrade;
  const caller = await authenticate(request.headers.authorization, context.client, context.clock.now());
  if (caller === undefined) return refuse(socket, 401, "Unauthorized 401: must authenticate");
  const { clusterId, path } = target(new URL(request.url ?? "/", context.world.serverUrl));
  const found = await handlerOf(clusterId, context, caller);
  // What a request would be told apart is one refusal for a socket.
  if (found.kind === "none") return refuse(socket, 503, DISCONNECTED);
  const controller = new AbortController();
  socket.on("close", () => controller.abort(GONE));
  const headers = { ...forwarded(request, caller), upgrade: "websocket" };
  const answer = await found.handler({ method: "GET", path, headers, body: NO_BODY }, controller.signal);
  const { status, body } = answer;
  if (status !== 101) return refuse(socket, status, (await wholeOf(body)).toString(), answer.headers["content-type"]);
  tell(upgrade, { protocol: answer.headers["sec-websocket-protocol"] ?? "", messages: body });
}

const NO_BODY = new Uint8Array();

/** Without a reason, each signal would make an exception of its own, with its stack. */
const GONE = new Error("the client has gone");

async function passOn(answer: TunnelResponse, response: ServerResponse, signal: AbortSignal): Promise<void> {
  response.writeHead(answer.status, answer.headers);
  if (answer.headers["content-length"] !== undefined) {
    response.end(await wholeOf(answer.body));
    return;
  }
  // A watch may have nothing to say for long; its reader wants to know that it has begun.
  response.flushHeaders();
  for await (const chunk of answer.body) {
    if (signal.aborted) break;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

async function wholeOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off("drain", settle).off("close", settle);
      resolve();
    };
    response.on("drain", settle).on("close", settle);
  });
}

function target(url: URL): { clusterId: string; path: string } {
  const match = /^\/k8s\/clusters\/([^/]+)(\/.*)?$/.exec(url.pathname);
  if (match === null) return { clusterId: "local", path: url.pathname + url.search };
  return { clusterId: match[1] ?? "", path: (match[2] ?? "/") + url.search };
}

type Found =
  | { readonly kind: "handler"; readonly handler: TunnelHandler }
  | { readonly kind: "none"; readonly answer: (response: ServerResponse) => void };

async function handlerOf(clusterId: string, context: ServerContext, caller: Caller): Promise<Found> {
  const { world, client } = context;
  if (clusterId === "local") return { kind: "handler", handler: world.localApi };
  const cluster = await client.get(CLUSTERS, clusterId);
  if (cluster === undefined) return unavailable(404, "NotFound", "No cluster available");
  if (!isProvisioned(cluster.status)) return unavailable(503, "ClusterUnavailable", "cluster not provisioned");
  if (world.conduct.hidden.has(clusterId)) return unavailable(403, "Forbidden", noAccess(clusterId, caller));
  const session = world.sessions.find(clusterId);
  if (session === undefined) return { kind: "none", answer: (response) => sendText(response, 500, DISCONNECTED) };
  const access = await accessTo(cluster, client);
  return { kind: "handler", handler: asPerson({ session, access, context, clusterId, userId: caller.userId }) };
}

interface PersonsWay {
  readonly session: Session;
  readonly access: ClusterAccess;
  readonly context: ServerContext;
  readonly clusterId: string;
  readonly userId: string;
}

/** Through the tunnel as the person's account in that cluster, with another token once where its Secret has changed. */
function asPerson({ session, access, context, clusterId, userId }: PersonsWay): TunnelHandler {
  const { impersonation } = context;
  const ask = askerOf(session, access);
  return async (request, signal) => {
    const stream = streamOf(request.path);
    if (stream !== undefined && context.world.conduct.isStale(stream, clusterId, context.since)) {
      return await session.ask(asRancher(request, { ...access, token: "" }), signal);
    }
    // Before 2.6 the agent's own account impersonates the person.
    if (!context.world.profile.personAccounts) return await session.ask(asRancher(request, access), signal);
    const token = await impersonation.tokenFor(clusterId, userId, ask);
    const answer = await session.ask(asRancher(request, { ...access, token }), signal);
    if (answer.status !== 401) return answer;
    const another = await impersonation.tokenInstead(clusterId, userId, ask);
    return another === undefined ? answer : session.ask(asRancher(request, { ...access, token: another }), signal);
  };
}

/** Rancher itself refuses whoever may not get the cluster's object; nothing goes through the tunnel. */
function noAccess(clusterId: string, { userId }: Caller): string {
  return `clusters.management.cattle.io "${clusterId}" is forbidden: User "${userId}" cannot get resource "clusters" in API group "management.cattle.io" at the cluster scope`;
}

function unavailable(status: number, code: string, message: string): Found {
  const body = { code: { Code: code, Status: status }, Message: message, Cause: null, FieldName: "" };
  return { kind: "none", answer: (response) => sendJson(response, status, body) };
}

function isProvisioned(status: unknown): boolean {
  const { conditions } = recordOf(status);
  if (!Array.isArray(conditions)) return false;
  return conditions.map(recordOf).some(({ type, status: value }) => type === "Provisioned" && value === "True");
}

function streamOf(path: string): "log" | "exec" | undefined {
  const [, stream] = /\/pods\/[^/]+\/(log|exec)(\?|$)/.exec(path) ?? [];
  return stream === "log" || stream === "exec" ? stream : undefined;
}
