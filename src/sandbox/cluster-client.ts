/**
 * How everything in the sandbox reaches a cluster: controllers, kubelets, Rancher, agents. Nothing here knows
 * whether the other side is the sandbox's own API server in this process or a real one.
 *
 * Objects that a client hands out are shared and may be frozen: build a new one, never write into them.
 */

/** Metadata of a stored object. Times are RFC 3339 in UTC, to the second, as the API server writes them. */
export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Counts changes of the desired state; absent on kinds that have no such notion (Secrets, ConfigMaps). */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Any Kubernetes object as plain JSON. What is beside the metadata belongs to the kind. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [key: string]: unknown;
}

/** An object to be created: `metadata.name` may be left out if there is a `generateName`. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Partial<ObjectMeta>;
  readonly [key: string]: unknown;
}

/** Names a collection. `group` is "" for the core group, `resource` is the plural (`deployments`). */
export interface ResourceRef {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** For a namespaced kind: needed for everything that names one object; without it, lists and watches span all. */
  readonly namespace?: string;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubeObject;
}

/** Selectors in the API's own syntax: `app=x,tier in (a,b),!old` and `metadata.name=x,status.phase!=Running`. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** A patch: merge (RFC 7396), strategic (Kubernetes' own, for built-in kinds) or json (RFC 6902, an array). */
export interface Patch {
  readonly type: "merge" | "strategic" | "json";
  readonly body: unknown;
  readonly subresource?: "status";
}

/** How to delete. Without options: in the background, after the pod's own grace period. */
export interface DeleteOptions {
  /** 0 removes a pod at once: only its kubelet says so, when the containers have stopped. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  /** Throws a Conflict if the object is not, or no longer, this one. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface Watch {
  close(): void;
}

/** One account's view of one cluster. Every method but `get` throws an `ApiError` when the API answers with one. */
export interface ClusterClient {
  /** The object, or undefined when there is none of that name. */
  get(ref: ResourceRef, name: string): Promise<KubeObject | undefined>;
  list(ref: ResourceRef, selection?: Selection): Promise<ObjectList>;
  create(ref: ResourceRef, object: NewObject): Promise<KubeObject>;
  /** Replaces the object. Throws a Conflict if `metadata.resourceVersion` is given and no longer the current one. */
  update(ref: ResourceRef, object: KubeObject, options?: { readonly subresource?: "status" }): Promise<KubeObject>;
  patch(ref: ResourceRef, name: string, patch: Patch): Promise<KubeObject>;
  /** Gives a pod its node, as a scheduler does. Throws a Conflict if it has one already. */
  bindPod(ref: ResourceRef, pod: string, node: string): Promise<void>;
  /**
   * Dependants are collected afterwards. An object with finalizers, and a pod that a node runs, only get a
   * `deletionTimestamp`; whoever put the finalizer, or the kubelet, lets it go.
   */
  delete(ref: ResourceRef, name: string, options?: DeleteOptions): Promise<void>;
  /**
   * Lists, then watches: first one ADDED for each object that exists, then every change, in order. It goes on by
   * itself when the server ends the stream; nothing is delivered after `close()`.
   */
  watch(ref: ResourceRef, onEvent: (event: WatchEvent) => void, selection?: Selection): Watch;
}

/** An answer of the API that is not success. `reason` is the API's word: NotFound, AlreadyExists, Conflict, … */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** `details` of the API's Status object: group, kind, name, causes, retryAfterSeconds. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, reason: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.reason = reason;
    this.details = details;
  }
}
