import type { Clock, Timer } from "./clock.ts";

/** So many intervals are remembered; what is older than that has long been decided. */
const REMEMBERED = 200;
/** Wall milliseconds after the work in which what follows from it (a container's exit, its pod's status) is written. */
const AFTERMATH_MS = 15;

/**
 * A cluster's time, which stands still while one of its programs waits for the real network. A request that takes a
 * program some hundredths of a second in reality takes as long here, but at speed 200 that would be many seconds: an
 * agent whose start check fails after 1.5 s on a real node would have run for longer than any `minReadySeconds`.
 */
export class HeldClock implements Clock {
  readonly #base: Clock;
  readonly #held: { readonly from: Date; readonly to: Date }[] = [];
  readonly #due = new Set<() => void>();
  #holders = 0;
  #heldSince: Date | undefined;

  constructor(base: Clock) {
    this.#base = base;
  }

  now(): Date {
    return this.#base.now();
  }

  elapsed(since: Date): number {
    let standing = this.#heldSince === undefined ? 0 : this.#between(later(this.#heldSince, since), this.now());
    // The newest come last; none before one that had ended by then can matter.
    for (let index = this.#held.length - 1; index >= 0; index -= 1) {
      const held = this.#held[index];
      if (held === undefined || held.to <= since) break;
      standing += this.#between(later(held.from, since), held.to);
    }
    return this.#base.elapsed(since) - standing;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const since = this.now();
    let timer: Timer | undefined;
    const check = (): void => {
      if (this.#heldSince !== undefined) return void this.#due.add(check);
      const left = milliseconds - this.elapsed(since);
      if (left > 0) timer = this.#base.after(left, check);
      else callback();
    };
    timer = this.#base.after(milliseconds, check);
    return {
      cancel: () => {
        timer?.cancel();
        this.#due.delete(check);
      },
    };
  }

  /** Time stands still until `work` is done, and for a moment after it. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#holders += 1;
    this.#heldSince ??= this.now();
    try {
      return await work;
    } finally {
      setTimeout(() => this.#release(), AFTERMATH_MS).unref();
    }
  }

  #release(): void {
    this.#holders -= 1;
    if (this.#holders > 0 || this.#heldSince === undefined) return;
    this.#held.push({ from: this.#heldSince, to: this.now() });
    if (this.#held.length > REMEMBERED) this.#held.shift();
    this.#heldSince = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const check of due) check();
  }

  /** Milliseconds of sandbox time from one moment to another; 0 if it lies before it. */
  #between(from: Date, to: Date): number {
    return from >= to ? 0 : this.#base.elapsed(from) - this.#base.elapsed(to);
  }
}

function later(one: Date, other: Date): Date {
  return one < other ? other : one;
}
