import { z } from "zod";
import type { KubeObject, NewObject, ResourceRef } from "../cluster-client.ts";
import type { AccountClient } from "./account-secret.ts";
import { recordOf } from "./norman.ts";
import type { TunnelRequest, TunnelResponse } from "./tunnel.ts";

/** Sends one request to a cluster's API. */
export type Ask = (request: TunnelRequest, signal: AbortSignal) => Promise<TunnelResponse>;

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  ServiceAccount: "serviceaccounts",
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
  Secret: "secrets",
  Deployment: "deployments",
  DaemonSet: "daemonsets",
  Service: "services",
  ClusterAuthToken: "clusterauthtokens",
};

/**
 * `kubectl apply`, client side: what the manifest says is set, what it said the last time and says no more is
 * removed, everything else is left alone (so `minReadySeconds` survives).
 * @returns the line that kubectl would print. @throws Error with the API's message
 */
export async function apply(ask: Ask, object: NewObject): Promise<string> {
  const { collection, path, title } = placeOf(object);
  const existing = await send(ask, { method: "GET", path });
  if (existing.status === 404) {
    await expectSuccess(send(ask, { method: "POST", path: collection, body: annotated(object) }));
    return `${title} created`;
  }
  const live = await expectSuccess(Promise.resolve(existing));
  const body = withRemovals(annotated(object), lastApplied(live));
  const patched = await expectSuccess(
    send(ask, { method: "PATCH", path, body, type: "application/strategic-merge-patch+json" }),
  );
  const versions = [live, patched].map((state) => recordOf(state.metadata).resourceVersion);
  return `${title} ${versions[0] === versions[1] ? "unchanged" : "configured"}`;
}

/** Deletes it; that there is none is as well. @throws Error with the API's message */
export async function remove(ask: Ask, object: NewObject): Promise<void> {
  const answer = await send(ask, { method: "DELETE", path: placeOf(object).path });
  if (answer.status !== 404) await expectSuccess(Promise.resolve(answer));
}

/** One GET whose answer is read whole. @throws Error with the API's message */
export async function getObject(ask: Ask, path: string): Promise<Readonly<Record<string, unknown>>> {
  return await expectSuccess(send(ask, { method: "GET", path }));
}

/** The verbs that Rancher itself uses in a cluster, over whatever way `ask` goes. Each throws an Error with the API's message. */
export function clientOver(ask: Ask): AccountClient {
  const core = ({ namespace, resource }: ResourceRef) => `/api/v1/namespaces/${namespace}/${resource}`;
  return {
    async get(ref, name) {
      const answer = await send(ask, { method: "GET", path: `${core(ref)}/${name}` });
      return answer.status === 404 ? undefined : objectIn(await expectSuccess(Promise.resolve(answer)));
    },
    async list(ref, { labelSelector = "" } = {}) {
      const query = new URLSearchParams({ labelSelector });
      const { items } = await expectSuccess(send(ask, { method: "GET", path: `${core(ref)}?${query}` }));
      return { items: (Array.isArray(items) ? items : []).map(objectIn), resourceVersion: "" };
    },
    create: async (ref, object) =>
      objectIn(await expectSuccess(send(ask, { method: "POST", path: core(ref), body: object }))),
    patch: async (ref, name, { body }) => {
      const type = "application/merge-patch+json";
      return objectIn(await expectSuccess(send(ask, { method: "PATCH", path: `${core(ref)}/${name}`, body, type })));
    },
  };
}

/** The items of a list do not repeat what they are. */
const objectSchema = z.looseObject({
  apiVersion: z.string().default(""),
  kind: z.string().default(""),
  metadata: z.object({
    name: z.string(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
  }),
});

/** An object of an answer, with as much of its metadata as Rancher itself reads. */
function objectIn(body: unknown): KubeObject {
  return objectSchema.parse(body);
}

function placeOf(object: NewObject): { collection: string; path: string; title: string } {
  const plural = PLURALS[object.kind] ?? "";
  const [group = "", version] = object.apiVersion.includes("/")
    ? object.apiVersion.split("/")
    : ["", object.apiVersion];
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const { namespace, name = "" } = object.metadata;
  const collection = `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
  const title = `${object.kind.toLowerCase()}${group === "" ? "" : `.${group}`}/${name}`;
  return { collection, path: `${collection}/${name}`, title };
}

/** The object with itself in the annotation that `kubectl apply` compares with the next time. */
export function annotated(object: NewObject): NewObject {
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(object)}\n` };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function lastApplied(live: Readonly<Record<string, unknown>>): unknown {
  const annotation = recordOf(recordOf(live.metadata).annotations)[LAST_APPLIED];
  return typeof annotation === "string" ? JSON.parse(annotation) : undefined;
}

/** Adds to a strategic patch the removal of environment variables that were applied before and are no longer. */
function withRemovals(object: NewObject, previous: unknown): NewObject {
  if (object.kind !== "Deployment") return object;
  const [container] = containersOf(object);
  const kept = new Set(environmentNames(container));
  const removed = environmentNames(containersOf(previous)[0]).filter((name) => !kept.has(name));
  if (container === undefined || removed.length === 0) return object;
  const spec = recordOf(object.spec);
  const template = recordOf(spec.template);
  const env = [
    ...(Array.isArray(container.env) ? container.env : []),
    ...removed.map((name) => ({ name, $patch: "delete" })),
  ];
  const containers = [{ ...container, env }];
  return { ...object, spec: { ...spec, template: { ...template, spec: { ...recordOf(template.spec), containers } } } };
}

function containersOf(object: unknown): Readonly<Record<string, unknown>>[] {
  const podSpec = recordOf(recordOf(recordOf(recordOf(object).spec).template).spec);
  return Array.isArray(podSpec.containers) ? podSpec.containers.map(recordOf) : [];
}

function environmentNames(container: Readonly<Record<string, unknown>> | undefined): string[] {
  return Array.isArray(container?.env) ? container.env.map((entry) => String(recordOf(entry).name)) : [];
}

interface Read {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(ask: Ask, request: { method: string; path: string; body?: unknown; type?: string }): Promise<Read> {
  const body = request.body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(request.body));
  const headers = { accept: "application/json", "content-type": request.type ?? "application/json" };
  const late = new AbortController();
  const timeout = setTimeout(() => late.abort(TIMED_OUT), REQUEST_TIMEOUT_MS).unref();
  try {
    const response = await ask({ method: request.method, path: request.path, headers, body }, late.signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    return { status: response.status, body: recordOf(text === "" ? {} : JSON.parse(text)) };
  } finally {
    clearTimeout(timeout);
  }
}

/** Without a reason, each signal would make an exception of its own, with its stack. */
const TIMED_OUT = new Error("the cluster's API did not answer in time");

/** Wall milliseconds: Rancher waits five seconds for a cluster's API. */
const REQUEST_TIMEOUT_MS = 5000;

async function expectSuccess(answer: Promise<Read>): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await answer;
  if (status < 300) return body;
  if (status === 401) throw new Error(UNAUTHORIZED);
  throw new Error(typeof body.message === "string" ? body.message : `the server answered ${status}`);
}

/** client-go's words for 401. */
const UNAUTHORIZED = "the server has asked for the client to provide credentials";
