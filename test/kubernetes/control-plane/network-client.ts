/** A `ClusterClient` over the network: how the sandbox's Rancher, agents and kubelets use a real API server. */

import { setTimeout as delay } from "node:timers/promises";
import {
  ApiError,
  type ClusterClient,
  type DeleteOptions,
  type KubeObject,
  type NewObject,
  type ObjectList,
  type Patch,
  type ResourceRef,
  type Selection,
  type Watch,
  type WatchEvent,
} from "../../../src/sandbox/cluster-client.ts";
import type { TunnelHandler } from "../../../src/sandbox/rancher/tunnel.ts";
import { NetworkWatch } from "./network-watch.ts";

const PATCH_TYPES: Readonly<Record<Patch["type"], string>> = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
};

export class NetworkClient implements ClusterClient {
  readonly #handler: TunnelHandler;

  constructor(handler: TunnelHandler) {
    this.#handler = handler;
  }

  async get(ref: ResourceRef, name: string): Promise<KubeObject | undefined> {
    try {
      return await this.#ask<KubeObject>("GET", pathOf(ref, name));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async list(ref: ResourceRef, selection: Selection = {}): Promise<ObjectList> {
    const list = await this.#ask<RawList>("GET", pathOf(ref) + queryOf(selection));
    const { apiVersion, kind, metadata, items } = list;
    // In a list, the objects do not say what they are.
    const itemKind = kind.replace(/List$/, "");
    return {
      resourceVersion: metadata.resourceVersion,
      items: items.map((item) => ({ ...item, apiVersion, kind: itemKind })),
    };
  }

  create(ref: ResourceRef, object: NewObject): Promise<KubeObject> {
    return this.#ask("POST", pathOf(ref), { body: object });
  }

  update(ref: ResourceRef, object: KubeObject, options: { readonly subresource?: "status" } = {}): Promise<KubeObject> {
    return this.#ask("PUT", pathOf(ref, object.metadata.name, options.subresource), { body: object });
  }

  patch(ref: ResourceRef, name: string, { type, body, subresource }: Patch): Promise<KubeObject> {
    return this.#ask("PATCH", pathOf(ref, name, subresource), { body, contentType: PATCH_TYPES[type] });
  }

  async bindPod(ref: ResourceRef, pod: string, node: string): Promise<void> {
    const target = { apiVersion: "v1", kind: "Node", name: node };
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name: pod }, target };
    await this.#ask("POST", pathOf(ref, pod, "binding"), { body });
  }

  async delete(ref: ResourceRef, name: string, options: DeleteOptions = {}): Promise<void> {
    const propagationPolicy = options.propagationPolicy ?? "Background";
    const body = { apiVersion: "v1", kind: "DeleteOptions", ...options, propagationPolicy };
    await this.#ask("DELETE", pathOf(ref, name), { body });
  }

  watch(ref: ResourceRef, onEvent: (event: WatchEvent) => void, selection: Selection = {}): Watch {
    const path = pathOf(ref);
    return new NetworkWatch({
      list: () => this.list(ref, selection),
      stream: async (resourceVersion, signal) => {
        const query = queryOf({ ...selection, watch: "true", resourceVersion, allowWatchBookmarks: "true" });
        return (await this.#send("GET", path + query, { signal })).body;
      },
      onEvent,
    });
  }

  async #ask<T>(method: string, path: string, content: Content = {}): Promise<T> {
    const { body } = await this.#send(method, path, content);
    // What a success holds is the API's contract; the callers' readers check what they rely on.
    return JSON.parse(await textOf(body)) as T;
  }

  /** A server that is busy says when to come back; whoever is told so has changed nothing. */
  async #send(method: string, path: string, content: Content) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#sendOnce(method, path, content);
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 429) || attempt === ATTEMPTS) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  async #sendOnce(method: string, path: string, { body, contentType, signal }: Content) {
    const answer = await this.#handler(
      {
        method,
        path,
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": contentType ?? "application/json" }),
        },
        body: body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body)),
      },
      signal ?? AbortSignal.timeout(REQUEST_MS),
    );
    if (answer.status < 300) return answer;
    throw apiError(answer.status, await textOf(answer.body));
  }
}

/** As often as a real client comes back (k8s.io/client-go/rest). */
const ATTEMPTS = 10;
const RETRY_MS = 1_000;

/** Wall milliseconds after which a request is given up. */
const REQUEST_MS = 30_000;

interface Content {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

interface RawList {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly KubeObject[];
}

export function pathOf(ref: ResourceRef, name?: string, subresource?: string): string {
  const root = ref.group === "" ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  const namespace = ref.namespace === undefined ? "" : `/namespaces/${ref.namespace}`;
  return [`${root}${namespace}/${ref.resource}`, name, subresource].filter((part) => part !== undefined).join("/");
}

function queryOf(values: Readonly<Record<string, string>> | Selection): string {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? "" : `?${new URLSearchParams(Object.fromEntries(entries))}`;
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function apiError(status: number, text: string): ApiError {
  if (!text.startsWith("{")) return new ApiError(status, "Unknown", text);
  const { reason = "Unknown", message = text, details = {} } = JSON.parse(text);
  return new ApiError(status, reason, message, details);
}
