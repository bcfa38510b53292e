/** Requests on resources: from method and path to the verb, and what each verb answers. */

import type { KubeObject, NewObject } from "../cluster-client.ts";
import type { ApiServer, ResourceRequest } from "./api-server.ts";
import type { User } from "./authorization.ts";
import { nodeIn } from "./binding.ts";
import { podExec } from "./exec-request.ts";
import { known, strictDecodingMessage } from "./field-types.ts";
import { type ApiRequest, type ApiResponse, header, json } from "./http-exchange.ts";
import type { ResourceKind } from "./kinds.ts";
import { listPage, selection } from "./list-request.ts";
import { podLog } from "./log-request.ts";
import { representationFor } from "./negotiation.ts";
import { applyPatch } from "./patches.ts";
import { podNameIn, unreachablePod } from "./pod-proxy.ts";
import { deleteOptions, flag, isDryRun } from "./query.ts";
import { deleteOptionsIn, jsonBody, objectIn, patchIn } from "./request-body.ts";
import { hasScale, scaled, scaleOf } from "./scale.ts";
import { badRequest, methodNotAllowed, unknownPath } from "./status-errors.ts";
import { type View, viewOfList, viewOfObject } from "./tables.ts";
import { watchStream } from "./watch-request.ts";

/** A request whose path names a kind that the server has. */
export interface ResourceCall {
  readonly server: ApiServer;
  readonly request: ApiRequest;
  readonly user: User;
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
}

/** @throws ApiError */
export async function answerResource(call: ResourceCall): Promise<ApiResponse> {
  mustExist(call);
  if (call.subresource === "log") return answerLog(call);
  if (call.subresource === "exec") return answerExec(call);
  if (isProxy(call)) return answerProxy(call);
  if (call.subresource === "scale") return answerScale(call);
  if (call.subresource === "binding") return answerBinding(call);
  if (call.name === "") return answerCollection(call);
  switch (call.request.method) {
    case "GET":
      return answerGet(call);
    case "PUT":
      return answerUpdate(call);
    case "PATCH":
      return answerPatch(call);
    case "DELETE":
      if (call.subresource !== "") throw methodNotAllowed();
      return answerDelete(call);
    default:
      throw methodNotAllowed();
  }
}

function mustExist(call: ResourceCall): void {
  const { kind, namespace, name, subresource } = call;
  if (kind.namespaced ? name !== "" && namespace === "" : namespace !== "") throw unknownPath();
  const known = [
    "",
    ...(kind.statusSubresource ? ["status"] : []),
    ...(isPod(kind) ? ["log", "exec", "binding"] : []),
    ...(hasScale(kind) ? ["scale"] : []),
  ];
  if (!known.includes(subresource) && !isProxy(call)) throw unknownPath();
}

async function answerCollection(call: ResourceCall): Promise<ApiResponse> {
  const { method } = call.request;
  if (method === "GET") return flag(call.query, "watch") ? answerWatch(call) : answerList(call);
  if (method === "POST" && (call.kind.namespaced ? call.namespace !== "" : true)) return answerCreate(call);
  if (method === "DELETE" && (call.kind.namespaced ? call.namespace !== "" : true)) return answerDeleteAll(call);
  throw methodNotAllowed();
}

async function answerGet(call: ResourceCall): Promise<ApiResponse> {
  const view = viewOf(call);
  const object = await perform(call, "get", () => call.server.objects.get(call));
  return json(200, viewOfObject(view, object));
}

async function answerList(call: ResourceCall): Promise<ApiResponse> {
  const view = viewOf(call);
  const page = await perform(call, "list", () => listPage(call.server.store, listQuery(call)));
  return json(200, viewOfList(view, page.items, page.metadata));
}

async function answerWatch(call: ResourceCall): Promise<ApiResponse> {
  const view = viewOf(call);
  const start = () => watchStream(call.server, listQuery(call), view, call.request.signal);
  const body = await perform(call, "watch", start);
  return { status: 200, headers: { "content-type": "application/json", "cache-control": "no-cache, private" }, body };
}

async function answerCreate(call: ResourceCall): Promise<ApiResponse> {
  const { server, request, kind, namespace } = call;
  const view = viewOf(call);
  const writer = writerOf(call);
  const object = objectIn(request, kind, { namespace, strict: isStrict(call) });
  const action = () => server.objects.create(kind, namespace, object, writer);
  const created = await perform({ ...call, name: object.metadata.name ?? "" }, "create", action);
  return json(201, viewOfObject(view, created));
}

async function answerUpdate(call: ResourceCall): Promise<ApiResponse> {
  const { server, request, kind, namespace, name } = call;
  const view = viewOf(call);
  const writer = writerOf(call);
  const object = objectIn(request, kind, { namespace, strict: isStrict(call) });
  if (object.metadata.name !== name) {
    const given = object.metadata.name ?? "";
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
  const action = () => server.objects.update(changeAddress(call), object, writer);
  return json(200, viewOfObject(view, await perform(call, "update", action)));
}

async function answerPatch(call: ResourceCall): Promise<ApiResponse> {
  const { server, request, kind } = call;
  const view = viewOf(call);
  const writer = writerOf(call);
  const patch = patchIn(request, kind);
  const change = (old: KubeObject) => knownResult(call, applyPatch(kind, old, patch));
  const patched = await perform(call, "patch", () => server.objects.modify(changeAddress(call), change, writer));
  return json(200, viewOfObject(view, patched));
}

async function answerDelete(call: ResourceCall): Promise<ApiResponse> {
  const { server, request, kind, query } = call;
  const body = deleteOptionsIn(request);
  const dryRun = isDryRun(query, body);
  const options = deleteOptions(query, body);
  const action = () => server.objects.delete(call, options, { user: call.user, dryRun });
  const { object, gone } = await perform(call, "delete", action, dryRun);
  if (!gone || isPod(kind)) return json(200, object);
  const { name, uid } = object.metadata;
  const details = { name, ...(kind.group === "" ? {} : { group: kind.group }), kind: kind.resource, uid };
  return json(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
}

async function answerDeleteAll(call: ResourceCall): Promise<ApiResponse> {
  const { server, request, kind, namespace, query, user } = call;
  const body = deleteOptionsIn(request);
  const dryRun = isDryRun(query, body);
  const options = deleteOptions(query, body);
  const selected = selection(kind, query);
  const deleted = await perform(
    call,
    "deletecollection",
    () => {
      const objects = server.store.list(kind, kind.namespaced ? namespace : undefined).filter(selected);
      for (const { metadata } of objects) {
        server.objects.delete({ kind, namespace, name: metadata.name }, options, { user, dryRun });
      }
      return objects;
    },
    dryRun,
  );
  return json(200, viewOfList(viewOf(call), deleted, { resourceVersion: String(server.store.revision) }));
}

async function answerScale(call: ResourceCall): Promise<ApiResponse> {
  const { server, request } = call;
  const change = scaleChange(call);
  if (change === undefined) {
    return json(200, scaleOf(await perform(call, "get", () => server.objects.get(call))));
  }
  const writer = writerOf(call);
  const modify = () => server.objects.modify({ ...changeAddress(call), subresource: "" }, change, writer);
  return json(200, scaleOf(await perform(call, request.method === "PUT" ? "update" : "patch", modify)));
}

/** What a request on `/scale` does to the workload; undefined if it only reads. */
function scaleChange({ request, kind }: ResourceCall): ((old: KubeObject) => NewObject) | undefined {
  switch (request.method) {
    case "GET":
      return undefined;
    case "PUT": {
      const body = jsonBody(request);
      return (old) => scaled(old, body);
    }
    case "PATCH": {
      const patch = patchIn(request, kind);
      return (old) => scaled(old, applyPatch(kind, scaleOf(old), patch));
    }
    default:
      throw methodNotAllowed();
  }
}

async function answerBinding(call: ResourceCall): Promise<ApiResponse> {
  const { server, request } = call;
  if (request.method !== "POST") throw methodNotAllowed();
  const node = nodeIn(jsonBody(request));
  await perform(call, "create", () => server.objects.bind(call, node, writerOf(call)));
  return json(201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
}

async function answerLog(call: ResourceCall): Promise<ApiResponse> {
  if (call.request.method !== "GET") throw methodNotAllowed();
  const { server, query, request } = call;
  const read = () => podLog(server, server.objects.get(call), query, request.signal);
  const body = await perform(call, "get", read);
  return { status: 200, headers: { "content-type": "text/plain" }, body };
}

/** The verb is the method's: `get` for WebSockets, `create` for what came before them (k8s.io/apiserver/pkg/endpoints/request). */
async function answerExec(call: ResourceCall): Promise<ApiResponse> {
  const { server, request, query } = call;
  const verb = { GET: "get", POST: "create" }[request.method];
  if (verb === undefined) throw methodNotAllowed();
  return perform(call, verb, () => podExec(server, server.objects.get(call), request, query));
}

function isProxy({ kind, subresource }: ResourceCall): boolean {
  return isPod(kind) && /^proxy(\/|$)/.test(subresource);
}

async function answerProxy(call: ResourceCall): Promise<ApiResponse> {
  if (call.request.method !== "GET") throw methodNotAllowed();
  const { server, namespace, subresource } = call;
  const pod = podNameIn(call.name);
  const ask = () => {
    server.objects.get({ ...call, name: pod });
    return server.podServer?.({ namespace, pod, path: subresource.slice("proxy".length) || "/" });
  };
  const answer = await perform({ ...call, subresource: "proxy" }, "get", ask);
  if (answer === undefined) throw unreachablePod(pod);
  return { status: answer.status, headers: { "content-type": "application/json" }, body: answer.body };
}

function isStrict({ query }: ResourceCall): boolean {
  return query.get("fieldValidation") === "Strict";
}

function knownResult(call: ResourceCall, patched: NewObject): NewObject {
  const { object, unknown } = known(call.kind, patched);
  if (isStrict(call) && unknown.length > 0) throw badRequest(strictDecodingMessage(call.kind, unknown));
  return unknown.length === 0
    ? patched
    : { ...object, apiVersion: patched.apiVersion, kind: patched.kind, metadata: patched.metadata };
}

function perform<T>(call: ResourceCall, verb: string, action: () => T, dryRun = isDryRun(call.query)): Promise<T> {
  const { server, kind, user, namespace, name, subresource } = call;
  const request: ResourceRequest = { kind, user, verb, subresource, namespace, name: named(call, name), dryRun };
  const { signal } = call.request;
  return server.perform(signal === undefined ? request : { ...request, signal }, action);
}

/** A list or watch of one object by its name counts as a request on that object, to rights too. */
function named({ query, name: inPath }: ResourceCall, name: string): string {
  if (inPath !== "" || name !== "") return name;
  return /^metadata\.name=([^,=]+)$/.exec(query.get("fieldSelector") ?? "")?.[1] ?? "";
}

function listQuery({ kind, namespace, query }: ResourceCall) {
  return { kind, namespace: namespace === "" ? undefined : namespace, query };
}

function changeAddress(call: ResourceCall) {
  const { kind, namespace, name } = call;
  const subresource: "" | "status" = call.subresource === "status" ? "status" : "";
  return { kind, namespace, name, subresource };
}

function writerOf(call: ResourceCall) {
  return { user: call.user, dryRun: isDryRun(call.query) };
}

function viewOf({ kind, request, query, server }: ResourceCall): View {
  const include = query.get("includeObject");
  return {
    kind,
    representation: representationFor(header(request, "accept")),
    includeObject: include === "None" || include === "Object" ? include : "Metadata",
    now: server.clock.now(),
  };
}

function isPod(kind: ResourceKind): boolean {
  return kind.group === "" && kind.kind === "Pod";
}
