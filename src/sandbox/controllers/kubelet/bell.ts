/** Waiting, in ways that end at once when whoever waits is stopped. */
import type { Clock } from "../../clock.ts";

/** Lets several wait for the next time that something happens. */
export class Bell {
  #waiting = new Set<() => void>();

  /** Resolves at the next ring, or when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void> {
    return untilAborted(signal, (resolve) => {
      this.#waiting.add(resolve);
      return () => this.#waiting.delete(resolve);
    });
  }

  ring(): void {
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const resolve of woken) resolve();
  }
}

/** Resolves after that long in sandbox time, or when the signal is aborted. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return untilAborted(signal, (resolve) => {
    const timer = clock.after(milliseconds, resolve);
    return () => timer.cancel();
  });
}

/** Runs `begin`, which arranges for its argument to be called and returns how to call that off. */
function untilAborted(signal: AbortSignal, begin: (resolve: () => void) => () => void): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    signal.removeEventListener("abort", end);
    callOff();
    resolve();
  };
  const callOff = begin(end);
  signal.addEventListener("abort", end);
  return promise;
}
