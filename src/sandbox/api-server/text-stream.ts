/** A body that is written while it is read. A reader that stops waiting stops the writer too. */

export class TextStream implements AsyncIterableIterator<string> {
  readonly #chunks: string[] = [];
  #waiting: ((result: IteratorResult<string>) => void) | undefined;
  #ended = false;
  readonly #onEnd: (() => void)[] = [];

  write(chunk: string): void {
    if (this.#ended) return;
    if (this.#waiting === undefined) this.#chunks.push(chunk);
    else this.#resolve({ value: chunk, done: false });
  }

  /** What is written already is still read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#resolve({ value: undefined, done: true });
    for (const callback of this.#onEnd.splice(0)) callback();
  }

  /** Calls back when the stream has been ended, by either side; at once if it has been already. */
  onEnd(callback: () => void): void {
    if (this.#ended) callback();
    else this.#onEnd.push(callback);
  }

  next(): Promise<IteratorResult<string>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return Promise.resolve({ value: chunk, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<string>> {
    this.#chunks.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #resolve(result: IteratorResult<string>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(result);
  }
}
