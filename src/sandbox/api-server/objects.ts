/**
 * What a write goes through: the namespace, the version that the writer knows, admission, what the API fills in,
 * validation, admission again, the store. Each is one synchronous piece, so that nothing comes in between.
 */

import type { Clock } from "../clock.ts";
import type { DeleteOptions, KubeObject, NewObject } from "../cluster-client.ts";
import type { Admission } from "./admission.ts";
import type { User } from "./authorization.ts";
import { bound } from "./binding.ts";
import { at, frozen, jsonEqual, list, sharing } from "./json-value.ts";
import { apiVersionOf, type ResourceKind } from "./kinds.ts";
import { changedMetadata, newMetadata, timestamp, validateMetadata, withGeneration } from "./metadata.ts";
import * as errors from "./status-errors.ts";
import type { Store } from "./store.ts";

export interface Writer {
  readonly user: User;
  /** Everything but the store. */
  readonly dryRun: boolean;
}

export interface ObjectAddress {
  readonly kind: ResourceKind;
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

export interface ChangeAddress extends ObjectAddress {
  readonly subresource: "" | "status";
}

export interface ObjectsOptions {
  readonly store: Store;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly namespaces: ResourceKind;
  readonly random: () => number;
}

export class Objects {
  readonly #store: Store;
  readonly #admission: Admission;
  readonly #clock: Clock;
  readonly #namespaces: ResourceKind;
  readonly #random: () => number;

  constructor(options: ObjectsOptions) {
    this.#store = options.store;
    this.#admission = options.admission;
    this.#clock = options.clock;
    this.#namespaces = options.namespaces;
    this.#random = options.random;
  }

  /** @throws ApiError 404 */
  get({ kind, namespace, name }: ObjectAddress): KubeObject {
    const object = this.#store.get(kind, namespace, name);
    if (object === undefined) throw errors.notFound(kind, name);
    return object;
  }

  create(kind: ResourceKind, namespace: string, asked: NewObject, writer: Writer): KubeObject {
    this.#mustBeOpen(kind, namespace, asked.metadata.name ?? "");
    const metadata = newMetadata(asked, kind, { namespace, now: this.#clock.now(), random: this.#random });
    const { status, ...desired } = asked;
    const object = { ...(kind.statusSubresource ? desired : asked), ...typeOf(kind), metadata };
    const request = { operation: "CREATE", kind, subresource: "", object, oldObject: undefined, ...writer } as const;
    const admitted = prepared(kind, this.#admission.mutated(request), undefined);
    const complete = frozen({ ...admitted, ...typeOf(kind), metadata: { ...metadata, ...admitted.metadata } });
    mustBeValid(kind, complete, undefined);
    this.#admission.check({ ...request, object: complete });
    if (this.#store.get(kind, namespace, complete.metadata.name) !== undefined) {
      throw errors.alreadyExists(kind, complete.metadata.name);
    }
    return writer.dryRun ? complete : this.#store.put(kind, complete);
  }

  /** Replaces the object, or its status. */
  update(address: ChangeAddress, asked: NewObject, writer: Writer): KubeObject {
    const { kind, name } = address;
    if (kind.custom && !asked.metadata.resourceVersion) {
      const message = "Invalid value: 0x0: must be specified for an update";
      throw errors.invalid(kind, name, [{ field: "metadata.resourceVersion", reason: "FieldValueInvalid", message }]);
    }
    return this.modify(address, () => asked, writer);
  }

  /**
   * Changes the object to what `change` makes of it. Nothing is written, and no version is used up, when that comes
   * out equal.
   */
  modify(address: ChangeAddress, change: (old: KubeObject) => NewObject, writer: Writer): KubeObject {
    const { kind, subresource } = address;
    const old = this.get(address);
    const asked = change(old);
    mustBeCurrent(kind, old, asked);
    const next = merged(kind, old, asked, subresource);
    const request = { operation: "UPDATE", kind, subresource, object: next, oldObject: old, ...writer } as const;
    const admitted = prepared(kind, this.#admission.mutated(request), old);
    const metadata = { ...next.metadata, ...admitted.metadata };
    const asStored = withGeneration(kind, old, { ...admitted, ...typeOf(kind), metadata });
    // Equal parts are shared with the stored object: sharing keeps the shape.
    const complete = frozen(sharing(old, asStored) as KubeObject);
    mustBeValid(kind, complete, old);
    this.#admission.check({ ...request, object: complete });
    if (complete === old) return old;
    if (writer.dryRun) return complete;
    return isReleased(complete) ? this.#store.remove(kind, complete) : this.#store.put(kind, complete);
  }

  /** Gives a pod its node. @throws ApiError 409 when it has one already */
  bind(address: ObjectAddress, node: string, { dryRun }: Writer): KubeObject {
    const { kind } = address;
    const pod = frozen(bound(kind, this.get(address), node, this.#clock.now()));
    return dryRun ? pod : this.#store.put(kind, pod);
  }

  /** Deletes, or starts a deletion that others finish. Returns the object as it is then. */
  delete(address: ObjectAddress, options: DeleteOptions, writer: Writer): { object: KubeObject; gone: boolean } {
    const { kind } = address;
    const old = this.get(address);
    mustMeetPreconditions(kind, old, options);
    const request = { operation: "DELETE", kind, subresource: "", object: undefined, oldObject: old } as const;
    this.#admission.check({ ...request, ...writer });
    const doomed = this.#doomed(kind, old, options);
    if (doomed === undefined) {
      return { object: writer.dryRun ? old : this.#store.remove(kind, old), gone: true };
    }
    if (writer.dryRun || jsonEqual(doomed, old)) return { object: doomed, gone: false };
    return { object: this.#store.put(kind, doomed), gone: false };
  }

  /** The object with the marks of its coming deletion; undefined if it can go now. */
  #doomed(kind: ResourceKind, old: KubeObject, options: DeleteOptions): KubeObject | undefined {
    const asked = options.propagationPolicy;
    const owning = asked === "Foreground" ? ["foregroundDeletion"] : asked === "Orphan" ? ["orphan"] : [];
    const finalizers = [...new Set([...(old.metadata.finalizers ?? []), ...owning])];
    const grace = gracePeriod(kind, old, options);
    const isNamespace = kind === this.#namespaces;
    if (finalizers.length === 0 && grace === 0 && !isNamespace) return undefined;
    const started = old.metadata.deletionTimestamp !== undefined;
    const shorter = started && grace < (old.metadata.deletionGracePeriodSeconds ?? 0);
    const deadline = timestamp(new Date(this.#clock.now().getTime() + grace * 1000));
    const mark = { deletionTimestamp: deadline, deletionGracePeriodSeconds: grace };
    const metadata = {
      ...old.metadata,
      ...(finalizers.length === 0 ? {} : { finalizers }),
      ...(started && !shorter ? {} : mark),
    };
    return isNamespace ? { ...old, metadata, status: { phase: "Terminating" } } : { ...old, metadata };
  }

  #mustBeOpen(kind: ResourceKind, namespace: string, name: string): void {
    if (!kind.namespaced) return;
    const object = this.#store.get(this.#namespaces, "", namespace);
    if (object === undefined) throw errors.notFound(this.#namespaces, namespace);
    if (object.metadata.deletionTimestamp === undefined) return;
    const cause = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw errors.forbidden(kind, name, cause);
  }
}

function typeOf(kind: ResourceKind): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind };
}

/** What the writer asked for, where this endpoint lets it: `/status` only the status, elsewhere all but the status. */
function merged(kind: ResourceKind, old: KubeObject, asked: NewObject, subresource: "" | "status"): KubeObject {
  if (subresource === "status") {
    const { status: _, ...rest } = old;
    return asked.status === undefined ? rest : { ...rest, status: asked.status };
  }
  const metadata = changedMetadata(old.metadata, asked.metadata);
  if (!kind.statusSubresource) return { ...asked, ...typeOf(kind), metadata };
  const { status: _, ...desired } = asked;
  return { ...desired, ...typeOf(kind), metadata, ...("status" in old ? { status: old.status } : {}) };
}

function prepared(kind: ResourceKind, object: NewObject, old: KubeObject | undefined): NewObject {
  return kind.prepare?.(object, old) ?? object;
}

function mustBeValid(kind: ResourceKind, object: KubeObject, old: KubeObject | undefined): void {
  const found = [
    ...validateMetadata(kind, object.metadata),
    ...newFinalizers(object, old),
    ...(kind.validate?.(object, old) ?? []),
  ];
  if (found.length > 0) throw errors.invalid(kind, object.metadata.name, found);
}

function newFinalizers(object: KubeObject, old: KubeObject | undefined) {
  if (old?.metadata.deletionTimestamp === undefined) return [];
  const before = old.metadata.finalizers ?? [];
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !before.includes(finalizer));
  if (added.length === 0) return [];
  const found = added.map((finalizer) => `"${finalizer}"`).join(", ");
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${found}}`;
  return [{ field: "metadata.finalizers", reason: "FieldValueForbidden", message } as const];
}

function mustBeCurrent(kind: ResourceKind, old: KubeObject, asked: NewObject): void {
  const { resourceVersion, uid } = asked.metadata;
  const name = old.metadata.name;
  if (uid && uid !== old.metadata.uid) {
    const cause = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw errors.conflict(kind, name, cause);
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw errors.conflict(kind, name, errors.OBJECT_MODIFIED);
  }
}

function mustMeetPreconditions(kind: ResourceKind, old: KubeObject, { preconditions = {} }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions;
  const { metadata } = old;
  if (uid !== undefined && uid !== metadata.uid) {
    const cause = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw errors.conflict(kind, metadata.name, cause);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const cause = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw errors.conflict(kind, metadata.name, cause);
  }
}

/** Seconds that a pod may take to stop: none if no node runs it. Other kinds have no such period. */
function gracePeriod(kind: ResourceKind, object: KubeObject, options: DeleteOptions): number {
  if (kind.group !== "" || kind.kind !== "Pod") return 0;
  const phase = at(object, "status", "phase");
  if (at(object, "spec", "nodeName") === undefined || phase === "Succeeded" || phase === "Failed") return 0;
  const own = at(object, "spec", "terminationGracePeriodSeconds");
  return options.gracePeriodSeconds ?? (typeof own === "number" ? own : 30);
}

/** Whether the last finalizer of an object that is being deleted has gone, and no kubelet has to stop it. */
function isReleased(object: KubeObject): boolean {
  const { metadata } = object;
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    list(at(object, "spec", "finalizers")).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0
  );
}
