/**
 * The objects of one cluster in memory, their versions, and the recent changes.
 *
 * Every change takes the next number of one counter (as etcd's revision does): it is the object's resourceVersion,
 * the version of lists, and the place in the history from which a watch goes on. Objects are frozen and shared:
 * with the readers, with the history, and with their own earlier versions.
 */

import type { KubeObject } from "../cluster-client.ts";
import { frozen } from "./json-value.ts";
import type { ResourceKind } from "./kinds.ts";
import { expired, tooLargeResourceVersion } from "./status-errors.ts";

/** One change. `previous` is absent for a creation; a deletion's `object` carries the version of the deletion. */
export interface Change {
  readonly revision: number;
  readonly kind: ResourceKind;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
  readonly deleted: boolean;
}

export interface Subscription {
  close(): void;
}

type Listener = (change: Change) => void;
type Collection = Map<string, Map<string, KubeObject>>;

interface Subscriber {
  readonly kind: ResourceKind | undefined;
  readonly listener: Listener;
  /** Changes up to this one have been delivered already. */
  since: number;
  /** Has been given the past; before that, changes reach it through the history, so that none overtakes another. */
  primed: boolean;
}

export class Store {
  readonly #collections = new Map<ResourceKind, Collection>();
  readonly #history: Change[] = [];
  readonly #historyLimit: number;
  readonly #subscribers = new Set<Subscriber>();
  #undelivered: Change[] = [];
  #revision = 1;
  /** The newest change that has been forgotten. */
  #compacted = 0;

  /** @param historyLimit how many changes are remembered for watches and continued lists. */
  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  /** The version of the last change in the whole cluster. */
  get revision(): number {
    return this.#revision;
  }

  get(kind: ResourceKind, namespace: string, name: string): KubeObject | undefined {
    return this.#collections.get(kind)?.get(namespace)?.get(name);
  }

  /** All objects of a kind, or those in one namespace, ordered by namespace and name. */
  list(kind: ResourceKind, namespace?: string): KubeObject[] {
    const collection = this.#collections.get(kind);
    if (collection === undefined) return [];
    if (namespace !== undefined) return inOrder([...(collection.get(namespace)?.values() ?? [])]);
    return inOrder([...collection.values()].flatMap((objects) => [...objects.values()]));
  }

  /** The list as it was at an earlier version. @throws ApiError 410 when that is no longer known. */
  listAt(kind: ResourceKind, namespace: string | undefined, revision: number): KubeObject[] {
    this.#mustRemember(revision, "The provided continue parameter is too old to display a consistent list result.");
    const objects = new Map(this.list(kind, namespace).map((object) => [keyOf(object), object]));
    for (let index = this.#history.length - 1; index >= 0; index -= 1) {
      const change = this.#history[index];
      if (change === undefined || change.revision <= revision) break;
      if (change.kind !== kind) continue;
      if (namespace !== undefined && change.object.metadata.namespace !== namespace) continue;
      if (change.previous === undefined) objects.delete(keyOf(change.object));
      else objects.set(keyOf(change.object), change.previous);
    }
    return inOrder([...objects.values()]);
  }

  /** Writes an object, new or changed, under the next version. Returns what is stored. */
  put(kind: ResourceKind, object: KubeObject): KubeObject {
    const previous = this.get(kind, object.metadata.namespace ?? "", object.metadata.name);
    const stored = this.#stamped(object);
    const collection = this.#collections.get(kind) ?? new Map<string, Map<string, KubeObject>>();
    this.#collections.set(kind, collection);
    const namespace = stored.metadata.namespace ?? "";
    const objects = collection.get(namespace) ?? new Map<string, KubeObject>();
    collection.set(namespace, objects);
    objects.set(stored.metadata.name, stored);
    this.#record({ revision: this.#revision, kind, object: stored, previous, deleted: false });
    return stored;
  }

  /** Takes an object away. Returns it with the version of its deletion. */
  remove(kind: ResourceKind, object: KubeObject): KubeObject {
    const namespace = object.metadata.namespace ?? "";
    const collection = this.#collections.get(kind);
    const objects = collection?.get(namespace);
    objects?.delete(object.metadata.name);
    if (objects?.size === 0) collection?.delete(namespace);
    const last = this.#stamped(object);
    this.#record({ revision: this.#revision, kind, object: last, previous: object, deleted: true });
    return last;
  }

  /**
   * Delivers every change after `since`, first those of the past. Delivery is asynchronous and in order; a listener
   * that writes does not overtake itself.
   *
   * @param kind undefined for the changes of all kinds.
   * @throws ApiError 410 when `since` is older than the history, 504 when it lies in the future.
   */
  subscribe(kind: ResourceKind | undefined, since: number, listener: Listener): Subscription {
    this.#mustRemember(since, `too old resource version: ${since} (${this.#compacted})`);
    const subscriber: Subscriber = { kind, listener, since, primed: false };
    this.#subscribers.add(subscriber);
    queueMicrotask(() => this.#prime(subscriber));
    return { close: () => this.#subscribers.delete(subscriber) };
  }

  /** Forgets all changes, as a compaction does: whoever watches from before must list again. */
  compact(): void {
    this.#history.length = 0;
    this.#compacted = this.#revision;
  }

  #mustRemember(revision: number, message: string): void {
    if (revision < this.#compacted) throw expired(message);
    if (revision > this.#revision) throw tooLargeResourceVersion(revision, this.#revision);
  }

  #stamped(object: KubeObject): KubeObject {
    this.#revision += 1;
    return frozen({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } });
  }

  #record(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > this.#historyLimit * 1.25) {
      const forgotten = this.#history.splice(0, this.#history.length - this.#historyLimit);
      this.#compacted = forgotten.at(-1)?.revision ?? this.#compacted;
    }
    if (this.#undelivered.length === 0) queueMicrotask(() => this.#deliver());
    this.#undelivered.push(change);
  }

  #deliver(): void {
    const changes = this.#undelivered;
    this.#undelivered = [];
    for (const subscriber of [...this.#subscribers]) {
      if (subscriber.primed) deliver(subscriber, changes, this.#subscribers);
    }
  }

  #prime(subscriber: Subscriber): void {
    subscriber.primed = true;
    const past = this.#history.filter((change) => change.revision > subscriber.since);
    deliver(subscriber, past, this.#subscribers);
  }
}

function deliver(subscriber: Subscriber, changes: readonly Change[], open: ReadonlySet<Subscriber>): void {
  for (const change of changes) {
    if (!open.has(subscriber)) return;
    if (change.revision <= subscriber.since) continue;
    subscriber.since = change.revision;
    if (subscriber.kind === undefined || subscriber.kind === change.kind) subscriber.listener(change);
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** etcd's order: that of the keys. */
function inOrder(objects: KubeObject[]): KubeObject[] {
  const keyed = objects.map((object) => ({ key: keyOf(object), object }));
  keyed.sort((left, right) => (left.key < right.key ? -1 : 1));
  return keyed.map(({ object }) => object);
}
