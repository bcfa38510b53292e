/** One Kubernetes API server: the management cluster's own, or a downstream cluster's through Rancher. */
import { z } from "zod";
import { ApiError, type Asked, errorOfAnswer, errorOfBody } from "./api-error.ts";
import { asKubeObject, type KubeObject } from "./object.ts";
import { patiently } from "./patience.ts";
import {
  followLog,
  type LogEnd,
  type PodCommand,
  type PodLog,
  type PodStreams,
  readLogEnd,
  runInPod,
  type StreamDoor,
} from "./pod-streams.ts";
import { describe, pods, type Resource, resourcePath } from "./resource.ts";
import type { Exchange, TransportRequest } from "./transport.ts";
import { type Listed, type WatchOptions, watchUntil } from "./watch.ts";
import type { Answer } from "./whole-answer.ts";

/** Selectors in the API's own syntax. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export type ObjectList = Listed;

/** `merge` is RFC 7396, `strategic` Kubernetes' own for built-in kinds, `json` RFC 6902. */
export interface Patch {
  readonly kind: "merge" | "strategic" | "json";
  readonly body: unknown;
  readonly subresource?: "status" | "scale";
  /** The server checks and admits the change, and does not store it. */
  readonly dryRun?: boolean;
}

/** Anything that can be written back under its name. */
export interface NamedObject {
  readonly metadata: { readonly name: string };
}

/** Whom to act as; needs the right to impersonate. */
export interface Impersonation {
  readonly user: string;
  readonly group?: string;
}

export interface DeleteOptions {
  /** A precondition: conflict when the name belongs to another object. */
  readonly uid?: string;
  /** What becomes of the objects that it owns; the kind's own default where not given. */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "impersonate";

/**
 * The verbs that Farrier uses. All but `get` (where 404 is `undefined`) throw an `ApiError` for any answer that is not
 * success. Reads are tried up to three times when the server is merely busy; writes never are: that is the runner's.
 */
export interface Api extends PodStreams {
  /** Which cluster, for sentences: `the management cluster`, `cluster c-abc12`. */
  readonly server: string;
  get(resource: Resource, name: string): Promise<KubeObject | undefined>;
  /** Everything that matches, fetched in pages of 500. */
  list(resource: Resource, selection?: Selection): Promise<ObjectList>;
  create(resource: Resource, object: object, options?: { readonly dryRun?: boolean }): Promise<KubeObject>;
  /** Replaces the object; `metadata.resourceVersion` makes it a compare-and-swap (conflict when it is no longer so). */
  replace<T extends NamedObject>(
    resource: Resource,
    object: T,
    options?: { readonly dryRun?: boolean },
  ): Promise<KubeObject>;
  patch(resource: Resource, name: string, patch: Patch): Promise<KubeObject>;
  /** False when there was no such object. */
  delete(resource: Resource, name: string, options?: DeleteOptions): Promise<boolean>;
  /**
   * Lists (unless `options.from` is such a list), then watches, until `decide` answers with something; it is asked after the list and after every change,
   * with the objects as they then are. Survives broken connections. Throws kind `deadline` after `deadlineMs`.
   */
  watchUntil<T>(
    resource: Resource,
    selection: WatchSelection,
    decide: (objects: readonly KubeObject[]) => T | undefined,
    options: WatchOptions,
  ): Promise<T>;
  /** What a SelfSubjectAccessReview says; `unknown` when it could not be asked. */
  allowed(verb: Verb, resource: Resource, name?: string): Promise<"yes" | "no" | "unknown">;
  /**
   * Asks a pod itself, through the API server's proxy: its answer of whatever status. Tried once: a pod that starts
   * does not answer yet. Where no answer comes at all, the next calls fail at once for five minutes. `port` is `443`, or `https:443` for one that speaks TLS.
   */
  askPod(pod: PodPort, path: string): Promise<Answer>;
  /** The same server as another account. */
  as(who: Impersonation): Api;
}

/** What to watch: one object by its name, or those that match. */
export interface WatchSelection extends Selection {
  readonly name?: string;
}

export interface PodPort {
  readonly namespace: string;
  readonly name: string;
  readonly port: string;
}

export interface ApiOptions {
  readonly transport: Exchange;
  readonly server: string;
  /** Path below the origin, without a slash at the end: "" or `/k8s/clusters/c-abc12`. */
  readonly basePath: string;
  /** Called for each request: the `authorization` header of the moment. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** How long the server may stay silent before a request has failed. Default 30 s. */
  readonly timeoutMs?: number;
}

const PAGE = 500;
const PATCH_TYPES = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
} as const;

export function createApi(options: ApiOptions): Api {
  return new HttpApi(options, {});
}

/** Many API servers have no way to pods, and say so after half a minute only. */
const POD_MS = 2_000;
/** After that, no pod is asked for so long. */
const POD_SILENCE_MS = 300_000;

class HttpApi implements Api {
  readonly server: string;
  readonly #silence: { error?: unknown; until: number } = { until: 0 };
  readonly #options: ApiOptions;
  readonly #extra: Readonly<Record<string, string>>;

  constructor(options: ApiOptions, extra: Readonly<Record<string, string>>) {
    this.server = options.server;
    this.#options = options;
    this.#extra = extra;
  }

  async get(resource: Resource, name: string): Promise<KubeObject | undefined> {
    const asked = this.#asked("read", resource, name);
    const answer = await this.#read(asked, resourcePath(resource, name));
    return answer === undefined ? undefined : objectIn(asked, answer);
  }

  async list(resource: Resource, selection: Selection = {}): Promise<ObjectList> {
    const asked = this.#asked("list", resource);
    const items: KubeObject[] = [];
    let resourceVersion = "";
    let next: string | undefined;
    do {
      const query = queryOf({ ...selection, limit: String(PAGE), ...(next === undefined ? {} : { continue: next }) });
      const answer = await this.#read(asked, resourcePath(resource) + query);
      if (answer === undefined) throw errorOfAnswer(asked, { status: 404, body: "" });
      const page = listIn(asked, answer);
      items.push(...page.items);
      resourceVersion = page.resourceVersion;
      next = page.next;
    } while (next !== undefined);
    return { items, resourceVersion };
  }

  async create(resource: Resource, object: object, options: { readonly dryRun?: boolean } = {}): Promise<KubeObject> {
    const asked = this.#asked("create", resource);
    const path = resourcePath(resource) + dryRunQuery(options.dryRun);
    return objectIn(asked, await this.#write(asked, { method: "POST", path, body: JSON.stringify(object) }));
  }

  async replace<T extends NamedObject>(
    resource: Resource,
    object: T,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<KubeObject> {
    const asked = this.#asked("update", resource, object.metadata.name);
    const path = resourcePath(resource, object.metadata.name) + dryRunQuery(options.dryRun);
    return objectIn(asked, await this.#write(asked, { method: "PUT", path, body: JSON.stringify(object) }));
  }

  async patch(resource: Resource, name: string, patch: Patch): Promise<KubeObject> {
    const asked = this.#asked("patch", resource, name);
    const path = resourcePath(resource, name, patch.subresource) + dryRunQuery(patch.dryRun);
    const headers = { "content-type": PATCH_TYPES[patch.kind] };
    const body = JSON.stringify(patch.body);
    return objectIn(asked, await this.#write(asked, { method: "PATCH", path, headers, body }));
  }

  async delete(resource: Resource, name: string, options: DeleteOptions = {}): Promise<boolean> {
    const asked = this.#asked("delete", resource, name);
    const body = JSON.stringify({
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
      ...(options.propagationPolicy === undefined ? {} : { propagationPolicy: options.propagationPolicy }),
    });
    try {
      await this.#write(asked, { method: "DELETE", path: resourcePath(resource, name), body });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  async watchUntil<T>(
    resource: Resource,
    selection: WatchSelection,
    decide: (objects: readonly KubeObject[]) => T | undefined,
    options: WatchOptions,
  ): Promise<T> {
    const { name, ...rest } = selection;
    const narrowed: Selection = name === undefined ? rest : { ...rest, fieldSelector: `metadata.name=${name}` };
    return await watchUntil(
      {
        asked: this.#asked("watch", resource, name),
        list: () => this.list(resource, narrowed),
        open: async (from, signal) => {
          const query = queryOf({
            ...narrowed,
            watch: "1",
            allowWatchBookmarks: "true",
            resourceVersion: from,
            timeoutSeconds: "240",
          });
          const asked = this.#asked("watch", resource, name);
          const request = await this.#prepared({ method: "GET", path: resourcePath(resource) + query, signal });
          return await this.#options.transport.stream(asked, { ...request, timeoutMs: 90_000 });
        },
      },
      decide,
      options,
    );
  }

  followLog(log: PodLog): Promise<string> {
    return followLog(this.#door(), log);
  }

  readLogEnd(end: LogEnd): Promise<string> {
    return readLogEnd(this.#door(), end);
  }

  run(command: PodCommand): Promise<string> {
    return runInPod(this.#door(), command);
  }

  async allowed(verb: Verb, resource: Resource, name?: string): Promise<"yes" | "no" | "unknown"> {
    const { group, namespace } = resource;
    const [plural = "", subresource] = resource.plural.split("/");
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: {
        resourceAttributes: {
          verb,
          group,
          resource: plural,
          ...(subresource === undefined ? {} : { subresource }),
          ...(namespace === undefined ? {} : { namespace }),
          ...(name === undefined ? {} : { name }),
        },
      },
    };
    const asked: Asked = { server: this.server, what: `review whether it may ${verb} ${describe(resource, name)}` };
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    try {
      const answer = await patiently(() => this.#write(asked, { method: "POST", path, body: JSON.stringify(review) }));
      const parsed = reviewSchema.safeParse(parseJson(asked, answer));
      if (!parsed.success) return "unknown";
      return parsed.data.status.allowed ? "yes" : "no";
    } catch (error) {
      if (error instanceof ApiError) return "unknown";
      throw error;
    }
  }

  async askPod({ namespace, name, port }: PodPort, path: string): Promise<Answer> {
    const asked = this.#asked("ask", pods(namespace), name);
    const [number, scheme] = port.split(":").reverse();
    const place = `${scheme === undefined ? "" : `${scheme}:`}${name}:${number}`;
    const url = `${resourcePath(pods(namespace), place, "proxy")}${path}`;
    const silence = this.#silence;
    if (silence.error !== undefined && Date.now() < silence.until) throw silence.error;
    try {
      const request = await this.#prepared({ method: "GET", path: url, timeoutMs: POD_MS });
      return await this.#options.transport.send(asked, request);
    } catch (error) {
      silence.error = error;
      silence.until = Date.now() + POD_SILENCE_MS;
      throw error;
    }
  }

  as(who: Impersonation): Api {
    const group = who.group === undefined ? {} : { "impersonate-group": who.group };
    const headers = { "impersonate-user": who.user, ...group };
    return new HttpApi(this.#options, headers);
  }

  #door(): StreamDoor {
    const { server } = this;
    const { transport } = this.#options;
    return { server, transport, prepared: (request) => this.#prepared(request) };
  }

  #asked(verb: string, resource: Resource, name?: string): Asked {
    const what = `${verb} ${describe(resource, name)}`;
    return { server: this.server, what, secret: resource.plural === "secrets" };
  }

  /** A GET; undefined for 404. */
  async #read(asked: Asked, path: string): Promise<Answer | undefined> {
    return await patiently(async () => {
      const answer = await this.#options.transport.send(asked, await this.#prepared({ method: "GET", path }));
      if (answer.status === 404) return undefined;
      if (answer.status === 200) return answer;
      throw errorOfAnswer(asked, answer);
    });
  }

  async #write(asked: Asked, request: TransportRequest): Promise<Answer> {
    const headers = { "content-type": "application/json", ...request.headers };
    const answer = await this.#options.transport.send(asked, await this.#prepared({ ...request, headers }));
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw errorOfAnswer(asked, answer);
  }

  async #prepared(request: TransportRequest): Promise<TransportRequest> {
    return {
      ...(this.#options.timeoutMs === undefined ? {} : { timeoutMs: this.#options.timeoutMs }),
      ...request,
      path: this.#options.basePath + request.path,
      headers: { ...request.headers, ...(await this.#options.headers()), ...this.#extra },
    };
  }
}

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().default(""), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullable(),
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
});

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

function listIn(asked: Asked, answer: Answer): ObjectList & { next: string | undefined } {
  const parsed = listSchema.safeParse(parseJson(asked, answer));
  if (!parsed.success) throw errorOfBody(asked, answer.status, "something that is not a list");
  const items: KubeObject[] = [];
  for (const item of parsed.data.items ?? []) {
    const object = asKubeObject(item);
    if (object !== undefined) items.push(object);
  }
  const { resourceVersion, continue: next } = parsed.data.metadata;
  return { items, resourceVersion, next: next === "" ? undefined : next };
}

function objectIn(asked: Asked, answer: Answer): KubeObject {
  const object = asKubeObject(parseJson(asked, answer));
  if (object === undefined) throw errorOfBody(asked, answer.status, "something that is not an object of the API");
  return object;
}

/** A load balancer's HTML page with status 200 is as transient as its 502. */
function parseJson(asked: Asked, answer: Answer): unknown {
  try {
    return JSON.parse(answer.body);
  } catch {
    throw errorOfBody(
      asked,
      answer.status,
      answer.contentType.includes("html") ? "a web page" : "text that is not JSON",
    );
  }
}

function dryRunQuery(dryRun: boolean | undefined): string {
  return dryRun === true ? "?dryRun=All" : "";
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) if (value !== undefined) query.set(key, value);
  return `?${query}`;
}
