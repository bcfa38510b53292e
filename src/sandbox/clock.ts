/**
 * Time in the sandbox. Durations in sandbox code are those of the real world (a back-off is 30 s) and pass through
 * a clock, so that an estate can live faster than its wall clock. Time stamps stay those of the wall.
 */

/** A timer that has been set. */
export interface Timer {
  /** Has no effect on a timer that has fired or was cancelled. */
  cancel(): void;
}

export interface Clock {
  now(): Date;
  /** Milliseconds of sandbox time since that moment of the wall clock: twenty times as many at speed 20. */
  elapsed(since: Date): number;
  /** Calls back once after that long in sandbox time. A pending timer does not keep the process alive. */
  after(milliseconds: number, callback: () => void): Timer;
}

/** A clock that can be stopped with everything that waits on it: a stopped sandbox leaves no timer behind. */
export interface StoppableClock extends Clock {
  /** Cancels every pending timer; timers set afterwards never fire. */
  stop(): void;
}

/** The computer's clock. @param speed durations are divided by it: at 20, a back-off of 30 s takes 1.5 s. */
export function realClock(speed = 1): StoppableClock {
  const pending = new Set<NodeJS.Timeout>();
  let stopped = false;
  return {
    now: () => new Date(),
    elapsed: (since) => (Date.now() - since.getTime()) * speed,
    after(milliseconds, callback) {
      if (stopped) return { cancel: () => {} };
      const timeout = setTimeout(() => {
        pending.delete(timeout);
        callback();
      }, milliseconds / speed);
      timeout.unref();
      pending.add(timeout);
      return {
        cancel() {
          clearTimeout(timeout);
          pending.delete(timeout);
        },
      };
    },
    stop() {
      stopped = true;
      for (const timeout of pending) clearTimeout(timeout);
      pending.clear();
    },
  };
}
