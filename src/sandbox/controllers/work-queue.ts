/**
 * Runs a controller's work by key: never twice at once for the same key, again if the key was added meanwhile, and
 * again after a growing delay when it failed (a conflict, a full namespace, an API server that is away).
 */
import type { Clock, Timer } from "../clock.ts";

/** client-go's item limiter starts at 5 ms and doubles; its cap of 1000 s is far longer than anything here waits. */
const FIRST_RETRY = 5;
const LAST_RETRY = 60_000;

interface Delay {
  readonly timer: Timer;
  readonly milliseconds: number;
  readonly since: Date;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #work: (key: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #delays = new Map<string, Delay>();
  readonly #failures = new Map<string, number>();
  #started = false;
  #stopped = false;

  constructor(clock: Clock, work: (key: string) => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  /** Begins with what was added so far. */
  start(): void {
    this.#started = true;
    for (const key of this.#waiting) this.#begin(key);
  }

  /** Asks for the key's work to be done soon. */
  add(key: string): void {
    if (this.#stopped || this.#waiting.has(key)) return;
    this.#waiting.add(key);
    if (this.#started && !this.#running.has(key)) this.#begin(key);
  }

  /** Asks for it after that long in sandbox time, unless it is asked for earlier anyway. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#stopped) return;
    const present = this.#delays.get(key);
    if (present && present.milliseconds - this.#clock.elapsed(present.since) <= milliseconds) return;
    present?.timer.cancel();
    const timer = this.#clock.after(milliseconds, () => {
      this.#delays.delete(key);
      this.add(key);
    });
    this.#delays.set(key, { timer, milliseconds, since: this.#clock.now() });
  }

  /** Lets the work in hand end and does nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    for (const { timer } of this.#delays.values()) timer.cancel();
    this.#delays.clear();
    await Promise.all(this.#running.values());
  }

  #begin(key: string): void {
    this.#running.set(key, this.#run(key));
  }

  async #run(key: string): Promise<void> {
    // The changes of one burst arrive one after the other: let them all be seen before deciding anything.
    await Promise.resolve();
    while (this.#waiting.delete(key) && !this.#stopped) await this.#attempt(key);
    this.#running.delete(key);
  }

  async #attempt(key: string): Promise<void> {
    try {
      await this.#work(key);
      this.#failures.delete(key);
    } catch {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      this.addAfter(key, Math.min(LAST_RETRY, FIRST_RETRY * 2 ** failures));
    }
  }
}
