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
  /** Begin and end of each, in milliseconds of the wall clock: two lists, since hundreds of clusters keep them. */
  readonly #from: number[] = [];
  readonly #to: number[] = [];
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
    const start = since.getTime();
    const heldSince = this.#heldSince?.getTime();
    let standing = heldSince === undefined ? 0 : Math.max(0, this.now().getTime() - Math.max(heldSince, start));
    // The newest come last; none before one that had ended by then can matter.
    for (let index = this.#to.length - 1; index >= 0; index -= 1) {
      const [from = 0, to = 0] = [this.#from[index], this.#to[index]];
      if (to <= start) break;
      standing += to - Math.max(from, start);
    }
    return this.#base.elapsed(new Date(start + standing));
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
    this.#from.push(this.#heldSince.getTime());
    this.#to.push(this.now().getTime());
    if (this.#to.length > REMEMBERED) {
      this.#from.shift();
      this.#to.shift();
    }
    this.#heldSince = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const check of due) check();
  }
}
