/** One write for everybody who waits at the same time. */

/**
 * `run()` resolves after a call of `work` that began after it was asked for: callers that come while one is under way
 * share the next.
 */
export class Batcher {
  readonly #work: () => Promise<void>;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  run(): Promise<void> {
    this.#next ??= this.#afterCurrent();
    return this.#next;
  }

  /** Resolves when nothing is under way, whatever came of it. */
  async idle(): Promise<void> {
    while (this.#current !== undefined || this.#next !== undefined) {
      await Promise.allSettled([this.#current, this.#next]);
    }
  }

  async #afterCurrent(): Promise<void> {
    // One turn of the event loop gathers callers that come together.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#current?.catch(() => {});
    this.#current = this.#next;
    this.#next = undefined;
    try {
      await this.#work();
    } finally {
      this.#current = undefined;
    }
  }
}
