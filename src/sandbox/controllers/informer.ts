/** A local, always current copy of one collection of a cluster, kept by a watch and shared by its controllers. */
import type { Clock, Timer } from "../clock.ts";
import type { ClusterClient, ResourceRef, Watch, WatchEvent } from "../cluster-client.ts";
import type { Item, Reader } from "./item.ts";

/** One change of a collection, in the order in which the cluster made them. */
export type Change<T> =
  | { readonly kind: "added"; readonly item: T }
  | { readonly kind: "changed"; readonly item: T; readonly before: T }
  | { readonly kind: "removed"; readonly item: T };

export class Informer<T extends Item<unknown, unknown>> {
  readonly ref: ResourceRef;
  readonly #read: Reader<T>;
  readonly #items = new Map<string, T>();
  readonly #handlers: ((change: Change<T>) => void)[] = [];
  #watch: Watch | undefined;
  #retry: Timer | undefined;
  #seen: Set<string> | undefined = new Set();
  #onSeen: (() => void) | undefined;

  constructor(ref: ResourceRef, read: Reader<T>) {
    this.ref = ref;
    this.#read = read;
  }

  /** Registers a handler; all must be registered before `start`. */
  onChange(handler: (change: Change<T>) => void): void {
    this.#handlers.push(handler);
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  list(): readonly T[] {
    return [...this.#items.values()];
  }

  /**
   * Begins to watch. Resolves when everything that existed has been delivered: a controller that decided on half a
   * collection would create twice what it merely had not seen yet. Never resolves if `close` comes first.
   */
  async start(client: ClusterClient, clock: Clock): Promise<void> {
    this.#watch = client.watch(this.ref, (event) => this.#deliver(event));
    await this.#allSeen(new Set(await this.#listUids(client, clock)));
  }

  /** Apart from `start`, whose watch would hold on to the names for as long as it lives. */
  #allSeen(existing: ReadonlySet<string>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onSeen = () => {
      if (this.#seen && !existing.isSubsetOf(this.#seen)) return;
      this.#seen = undefined;
      this.#onSeen = undefined;
      resolve();
    };
    this.#onSeen();
    return promise;
  }

  close(): void {
    this.#watch?.close();
    this.#retry?.cancel();
    this.#items.clear();
  }

  async #listUids(client: ClusterClient, clock: Clock): Promise<string[]> {
    for (;;) {
      try {
        const { items } = await client.list(this.ref);
        return items.map((item) => item.metadata.uid ?? "");
      } catch {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#retry = clock.after(1_000, resolve);
        await promise;
      }
    }
  }

  #deliver(event: WatchEvent): void {
    if (event.type === "BOOKMARK") return;
    const item = this.#read(event.object);
    if (item) this.#apply(event.type, item);
    this.#seen?.add(event.object.metadata.uid ?? "");
    this.#onSeen?.();
  }

  #apply(type: "ADDED" | "MODIFIED" | "DELETED", item: T): void {
    const before = this.#items.get(item.key);
    if (type === "DELETED") {
      this.#items.delete(item.key);
      this.#tell({ kind: "removed", item });
      return;
    }
    if (before && before.object.metadata.resourceVersion === item.object.metadata.resourceVersion) return;
    this.#items.set(item.key, item);
    if (before?.uid === item.uid) {
      this.#tell({ kind: "changed", item, before });
      return;
    }
    if (before) this.#tell({ kind: "removed", item: before });
    this.#tell({ kind: "added", item });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) handler(change);
  }
}
