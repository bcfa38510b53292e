/** A client in the API server's own process: no HTTP, no copies, the same rules. */

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
} from "../cluster-client.ts";
import type { ApiServer, ResourceRequest } from "./api-server.ts";
import type { User } from "./authorization.ts";
import type { ResourceKind } from "./kinds.ts";
import { applyPatch } from "./patches.ts";
import { EVERYTHING, fieldPredicate, labelPredicate, type Predicate } from "./selectors.ts";
import { badRequest, unknownPath } from "./status-errors.ts";
import { eventFor } from "./watch-events.ts";

export class DirectClient implements ClusterClient {
  readonly #server: ApiServer;
  readonly #user: User;

  constructor(server: ApiServer, user: User) {
    this.#server = server;
    this.#user = user;
  }

  async get(ref: ResourceRef, name: string): Promise<KubeObject | undefined> {
    const address = this.#address(ref, name);
    try {
      return await this.#perform("get", address, () => this.#server.objects.get(address));
    } catch (error) {
      if (error instanceof ApiError && error.reason === "NotFound") return undefined;
      throw error;
    }
  }

  async list(ref: ResourceRef, selection: Selection = {}): Promise<ObjectList> {
    const kind = this.#kind(ref);
    const selected = predicate(kind, selection);
    const address = { kind, namespace: ref.namespace ?? "", name: "" };
    return this.#perform("list", address, () => ({
      items: this.#server.store.list(kind, ref.namespace).filter(selected),
      resourceVersion: String(this.#server.store.revision),
    }));
  }

  async create(ref: ResourceRef, object: NewObject): Promise<KubeObject> {
    const address = this.#address(ref, object.metadata.name ?? "");
    const action = () => this.#server.objects.create(address.kind, address.namespace, object, this.#writer());
    return this.#perform("create", address, action);
  }

  async update(ref: ResourceRef, object: KubeObject, options: { subresource?: "status" } = {}): Promise<KubeObject> {
    const address = this.#address(ref, object.metadata.name);
    const subresource = this.#subresource(address.kind, options.subresource);
    const action = () => this.#server.objects.update({ ...address, subresource }, object, this.#writer());
    return this.#perform("update", { ...address, subresource }, action);
  }

  async patch(ref: ResourceRef, name: string, patch: Patch): Promise<KubeObject> {
    const address = this.#address(ref, name);
    const subresource = this.#subresource(address.kind, patch.subresource);
    const change = (old: KubeObject) => applyPatch(address.kind, old, patch);
    const action = () => this.#server.objects.modify({ ...address, subresource }, change, this.#writer());
    return this.#perform("patch", { ...address, subresource }, action);
  }

  async bindPod(ref: ResourceRef, pod: string, node: string): Promise<void> {
    const address = this.#address(ref, pod);
    const action = () => this.#server.objects.bind(address, node, this.#writer());
    await this.#perform("create", { ...address, subresource: "binding" }, action);
  }

  async delete(ref: ResourceRef, name: string, options: DeleteOptions = {}): Promise<void> {
    const address = this.#address(ref, name);
    await this.#perform("delete", address, () => this.#server.objects.delete(address, options, this.#writer()));
  }

  watch(ref: ResourceRef, onEvent: (event: WatchEvent) => void, selection: Selection = {}): Watch {
    const kind = this.#kind(ref);
    const { store } = this.#server;
    const { namespace } = ref;
    this.#server.mustAllow(this.#request("watch", { kind, namespace: namespace ?? "", name: "" }));
    const selected = predicate(kind, selection);
    let closed = false;
    const tell = (object: KubeObject) => {
      if (!closed) onEvent({ type: "ADDED", object });
    };
    tellSoon(store.list(kind, namespace).filter(selected), tell);
    const subscription = store.subscribe(kind, store.revision, (change) => {
      const event = eventFor(change, namespace, selected);
      if (event !== undefined && !closed) onEvent(event);
    });
    return {
      close() {
        closed = true;
        subscription.close();
      },
    };
  }

  #kind(ref: ResourceRef): ResourceKind {
    const kind = this.#server.kinds.find(ref.group, ref.version, ref.resource);
    if (kind === undefined) throw unknownPath();
    return kind;
  }

  #address(ref: ResourceRef, name: string) {
    const kind = this.#kind(ref);
    if (kind.namespaced && ref.namespace === undefined) {
      throw badRequest(`${kind.resource} are namespaced: name the namespace of "${name}"`);
    }
    return { kind, namespace: kind.namespaced ? (ref.namespace ?? "") : "", name };
  }

  #subresource(kind: ResourceKind, asked: "status" | undefined): "" | "status" {
    if (asked === "status" && !kind.statusSubresource) throw unknownPath();
    return asked ?? "";
  }

  #writer() {
    return { user: this.#user, dryRun: false } as const;
  }

  #request(verb: string, address: Address): ResourceRequest {
    return { subresource: "", ...address, verb, user: this.#user, dryRun: false };
  }

  #perform<T>(verb: string, address: Address, action: () => T): Promise<T> {
    return this.#server.perform(this.#request(verb, address), action);
  }
}

interface Address {
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly subresource?: string;
}

/** Apart from the watch, which would hold on to the objects of its beginning for as long as it lives. */
function tellSoon(objects: readonly KubeObject[], tell: (object: KubeObject) => void): void {
  queueMicrotask(() => {
    for (const object of objects) tell(object);
  });
}

function predicate(kind: ResourceKind, selection: Selection): Predicate {
  const byLabel = labelPredicate(selection.labelSelector);
  const byField = fieldPredicate(selection.fieldSelector, kind.selectableFields);
  return byLabel === EVERYTHING && byField === EVERYTHING ? EVERYTHING : (object) => byLabel(object) && byField(object);
}
