/**
 * Events live for an hour of sandbox time after their last write (kube-apiserver `--event-ttl`, default 1h0m0s), so
 * that a cluster in which something keeps failing does not grow for ever. What is too old goes when the next event is
 * written: a quiet cluster needs no timer.
 */

import type { Clock } from "../clock.ts";
import type { ResourceKind } from "./kinds.ts";
import type { Change, Store, Subscription } from "./store.ts";

const LIFETIME = 3_600_000;

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: ResourceKind;
}

interface Written {
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds of the wall clock. */
  readonly at: number;
}

export class EventExpiry {
  readonly #parts: Parts;
  /** By uid, the one that was written last at the end. */
  readonly #written = new Map<string, Written>();
  readonly #subscription: Subscription;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { store, events } = parts;
    this.#subscription = store.subscribe(events, store.revision, (change) => this.#notice(change));
  }

  stop(): void {
    this.#subscription.close();
  }

  #notice({ object, deleted }: Change): void {
    const { uid = "", namespace = "", name } = object.metadata;
    this.#written.delete(uid);
    if (deleted) return;
    this.#written.set(uid, { namespace, name, at: this.#parts.clock.now().getTime() });
    this.#expire();
  }

  #expire(): void {
    const { store, clock, events } = this.#parts;
    for (const [uid, { namespace, name, at }] of this.#written) {
      if (clock.elapsed(new Date(at)) < LIFETIME) return;
      this.#written.delete(uid);
      const object = store.get(events, namespace, name);
      if (object?.metadata.uid === uid) store.remove(events, object);
    }
  }
}
