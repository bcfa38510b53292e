/**
 * When this process did not come to its turn: another program had the processor, or one piece of work took long. A
 * machine that is slow for the estate's speed must not let an estate's time run on meanwhile: at speed 1000 a stall of
 * 30 ms would be half a minute, in which no program of the estate could do anything.
 */

/** How often it is looked whether this process comes to its turn, in milliseconds of the wall clock. */
const TICK_MS = 5;
/** So many stalls are remembered; what is older than that has long been decided, also on a machine that stalls all the time. */
const REMEMBERED = 1000;

/** A span of the wall clock, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Watches the process's own event loop. @param limitMs wall milliseconds without a turn that count as a stall */
export class Stalls {
  readonly #limitMs: number;
  readonly #now: () => number;
  readonly #spans: Span[] = [];
  readonly #timer: NodeJS.Timeout;
  #turn: number;

  constructor(limitMs: number, now: () => number = Date.now) {
    this.#limitMs = limitMs;
    this.#now = now;
    this.#turn = now();
    this.#timer = setInterval(() => this.#comesToItsTurn(), TICK_MS);
    this.#timer.unref();
  }

  /** Those that ended after that moment, the oldest first; the last may be one that goes on yet. */
  since(moment: number): readonly Span[] {
    const present = this.#present();
    let first = this.#spans.length;
    // The newest come last.
    while (first > 0 && (this.#spans[first - 1]?.to ?? 0) > moment) first -= 1;
    const ended = first === this.#spans.length ? [] : this.#spans.slice(first);
    return present === undefined || present.to <= moment ? ended : [...ended, present];
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The stall in which this process has been since its last turn. A callback in it is no turn: timers wait. */
  #present(): Span | undefined {
    const now = this.#now();
    return now - this.#turn > this.#limitMs ? { from: this.#turn + TICK_MS, to: now } : undefined;
  }

  #comesToItsTurn(): void {
    const ended = this.#present();
    if (ended !== undefined) this.#spans.push(ended);
    if (this.#spans.length > REMEMBERED) this.#spans.shift();
    this.#turn = this.#now();
  }
}
