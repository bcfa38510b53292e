import type { Clock, Timer } from "./clock.ts";
import type { Stalls } from "./stalls.ts";

/** So many intervals are remembered; what is older than that has long been decided. */
const REMEMBERED = 200;
/** Wall milliseconds after the work in which what follows from it (a container's exit, its pod's status) is written. */
const AFTERMATH_MS = 15;

/**
 * A cluster's time, which stands still while one of its programs waits for the real network, and while this process
 * does not come to its turn. A request that takes a
 * program some hundredths of a second in reality takes as long here, but at speed 200 that would be many seconds: an
 * agent whose start check fails after 1.5 s on a real node would have run for longer than any `minReadySeconds`.
 */
export class HeldClock implements Clock {
  readonly #base: Clock;
  readonly #stalls: Pick<Stalls, "since">;
  /** Begin and end of each, in milliseconds of the wall clock: two lists, since hundreds of clusters keep them. */
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #due = new Set<() => void>();
  #holders = 0;
  #heldSince: Date | undefined;

  constructor(base: Clock, stalls: Pick<Stalls, "since">) {
    this.#base = base;
    this.#stalls = stalls;
  }

  now(): Date {
    return this.#base.now();
  }

  elapsed(since: Date): number {
    const start = since.getTime();
    const now = this.now().getTime();
    let standing = this.#heldBetween(start, now);
    for (const { from, to } of this.#stalls.since(start)) {
      const begin = Math.max(from, start);
      standing += to - begin - this.#heldBetween(begin, to);
    }
    return this.#base.elapsed(new Date(start + standing));
  }

  /** For how many milliseconds of that span of the wall clock time stood still for a program. */
  #heldBetween(start: number, end: number): number {
    const heldSince = this.#heldSince?.getTime() ?? end;
    let held = Math.max(0, end - Math.max(heldSince, start));
    // The newest come last; none before one that had ended by then can matter.
    for (let index = this.#to.length - 1; index >= 0; index -= 1) {
      const [from = 0, to = 0] = [this.#from[index], this.#to[index]];
      if (to <= start) break;
      held += Math.max(0, Math.min(to, end) - Math.max(from, start));
    }
    return held;
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
