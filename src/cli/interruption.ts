/** Ctrl-C once: finish the steps in hand, record, and say how to go on. Twice: stop at once. */

export interface Interruption {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Gives the signals back to the process. */
  release(): void;
}

/** Listens to SIGINT, SIGTERM and SIGHUP until released; `tell` says on the first one what happens now. */
export function listenForInterruption(tell: (sentence: string) => void): Interruption {
  const stop = new AbortController();
  const abort = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) {
      abort.abort(new DOMException("interrupted twice", "AbortError"));
      return;
    }
    tell("Finishing the steps in hand. Press Ctrl-C again to stop at once.");
    stop.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  process.on("SIGHUP", onSignal);
  return {
    stop: stop.signal,
    abort: abort.signal,
    release: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      process.off("SIGHUP", onSignal);
    },
  };
}
