/**
 * Garbage collection, as kube-controller-manager does it: what is left when its owners are gone, what foreground
 * and orphaning deletions ask for, and the content of namespaces that are being deleted. It acts a moment after
 * the change that gives it reason to.
 */

import { ApiError, type KubeObject, type OwnerReference } from "../cluster-client.ts";
import type { User } from "./authorization.ts";
import { apiVersionOf, type KindTable, type ResourceKind } from "./kinds.ts";
import type { ObjectAddress, Objects } from "./objects.ts";
import type { Change, Store, Subscription } from "./store.ts";

const COLLECTOR: User = {
  name: "system:serviceaccount:kube-system:generic-garbage-collector",
  groups: ["system:serviceaccounts", "system:masters", "system:authenticated"],
};
const WRITER = { user: COLLECTOR, dryRun: false } as const;

interface Parts {
  readonly store: Store;
  readonly objects: Objects;
  readonly kinds: KindTable;
  readonly namespaces: ResourceKind;
}

export class Collector {
  readonly #parts: Parts;
  readonly #living = new Set<string>();
  /** By the owner's uid. */
  readonly #dependants = new Map<string, Map<string, ObjectAddress>>();
  readonly #terminating = new Set<string>();
  readonly #subscription: Subscription;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#subscription = parts.store.subscribe(undefined, parts.store.revision, (change) => this.#notice(change));
  }

  stop(): void {
    this.#subscription.close();
  }

  #notice(change: Change): void {
    const { object, kind } = change;
    const { uid = "", namespace = "", name } = object.metadata;
    const address = { kind, namespace, name };
    if (change.deleted) {
      this.#living.delete(uid);
      for (const owner of ownersOf(object)) this.#forget(owner.uid, uid);
      for (const dependant of this.#dependantsOf(uid)) this.#collect(dependant);
      for (const owner of ownersOf(object)) this.#release(owner, namespace);
      if (this.#terminating.has(namespace)) this.#empty(namespace);
      return;
    }
    this.#living.add(uid);
    this.#learn(change.previous, object, address);
    if (object.metadata.deletionTimestamp !== undefined) this.#advance(object, address);
  }

  #learn(previous: KubeObject | undefined, object: KubeObject, address: ObjectAddress): void {
    const uid = object.metadata.uid ?? "";
    if (previous?.metadata.ownerReferences === object.metadata.ownerReferences) return;
    for (const owner of previous === undefined ? [] : ownersOf(previous)) this.#forget(owner.uid, uid);
    for (const owner of ownersOf(object)) {
      const known = this.#dependants.get(owner.uid) ?? new Map<string, ObjectAddress>();
      known.set(uid, address);
      this.#dependants.set(owner.uid, known);
    }
    if (ownersOf(object).some((owner) => !this.#living.has(owner.uid))) this.#collect(address);
  }

  /** Goes on with a deletion that waits for this collector. */
  #advance(object: KubeObject, address: ObjectAddress): void {
    const finalizers = object.metadata.finalizers ?? [];
    const uid = object.metadata.uid ?? "";
    if (address.kind === this.#parts.namespaces) {
      this.#terminating.add(address.name);
      this.#empty(address.name);
    } else if (finalizers.includes("orphan")) {
      for (const dependant of this.#dependantsOf(uid)) this.#dropOwners(dependant, (owner) => owner.uid === uid);
      this.#dropFinalizer(address, "orphan");
    } else if (finalizers.includes("foregroundDeletion")) {
      const dependants = this.#dependantsOf(uid);
      for (const dependant of dependants) this.#delete(dependant);
      if (dependants.length === 0) this.#dropFinalizer(address, "foregroundDeletion");
    }
  }

  /** Lets an owner go that waited in the foreground for this dependant. */
  #release(owner: OwnerReference, namespace: string): void {
    if (this.#dependantsOf(owner.uid).length > 0) return;
    const kind = this.#kindOf(owner);
    if (kind === undefined) return;
    const address = { kind, namespace: kind.namespaced ? namespace : "", name: owner.name };
    const object = this.#current(address);
    if (object?.metadata.uid !== owner.uid || object.metadata.deletionTimestamp === undefined) return;
    if (object.metadata.finalizers?.includes("foregroundDeletion")) this.#dropFinalizer(address, "foregroundDeletion");
  }

  /** Deletes what has lost all its owners; what has lost only some forgets those. */
  #collect(address: ObjectAddress): void {
    const object = this.#current(address);
    if (object === undefined || ownersOf(object).length === 0) return;
    // What an owner of a kind that is not served here may be, nobody can tell: it counts as alive.
    const isLost = (owner: OwnerReference) => !this.#living.has(owner.uid) && this.#kindOf(owner) !== undefined;
    if (ownersOf(object).every(isLost)) this.#delete(address);
    else if (ownersOf(object).some(isLost)) this.#dropOwners(address, isLost);
  }

  /** Deletes the content of a namespace, and the namespace once nothing is left. */
  #empty(namespace: string): void {
    const { store, kinds, namespaces } = this.#parts;
    let left = 0;
    for (const kind of kinds.all.filter((each) => each.namespaced)) {
      for (const object of store.list(kind, namespace)) {
        this.#delete({ kind, namespace, name: object.metadata.name });
      }
      left += store.list(kind, namespace).length;
    }
    const object = store.get(namespaces, "", namespace);
    if (left > 0 || object === undefined) return;
    this.#terminating.delete(namespace);
    if ((object.metadata.finalizers ?? []).length === 0) store.remove(namespaces, object);
  }

  #delete(address: ObjectAddress): void {
    const object = this.#current(address);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    tolerant(() => this.#parts.objects.delete(address, { propagationPolicy: "Background" }, WRITER));
  }

  #dropOwners(address: ObjectAddress, isDropped: (owner: OwnerReference) => boolean): void {
    this.#change(address, (object) => ({
      ...object.metadata,
      ownerReferences: ownersOf(object).filter((owner) => !isDropped(owner)),
    }));
  }

  #dropFinalizer(address: ObjectAddress, finalizer: string): void {
    this.#change(address, (object) => ({
      ...object.metadata,
      finalizers: (object.metadata.finalizers ?? []).filter((each) => each !== finalizer),
    }));
  }

  #change(address: ObjectAddress, metadata: (object: KubeObject) => KubeObject["metadata"]): void {
    const change = (object: KubeObject) => ({ ...object, metadata: metadata(object) });
    tolerant(() => this.#parts.objects.modify({ ...address, subresource: "" }, change, WRITER));
  }

  #kindOf(owner: OwnerReference): ResourceKind | undefined {
    return this.#parts.kinds.all.find((each) => each.kind === owner.kind && apiVersionOf(each) === owner.apiVersion);
  }

  #current({ kind, namespace, name }: ObjectAddress): KubeObject | undefined {
    return this.#parts.store.get(kind, namespace, name);
  }

  #dependantsOf(uid: string): readonly ObjectAddress[] {
    return [...(this.#dependants.get(uid)?.values() ?? [])];
  }

  #forget(ownerUid: string, uid: string): void {
    const known = this.#dependants.get(ownerUid);
    known?.delete(uid);
    if (known?.size === 0) this.#dependants.delete(ownerUid);
  }
}

/** An admission hook may deny the collector too; the object then stays, as it would in a real cluster. */
function tolerant(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

function ownersOf(object: KubeObject): readonly OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}
