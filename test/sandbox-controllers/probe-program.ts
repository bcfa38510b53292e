/** A program whose runs a test holds in its hands: it sees what the container sees, and ends when the test says. */
import type { ContainerContext, ContainerProgram } from "../../src/sandbox/controllers/container-program.ts";

export interface Run {
  readonly context: ContainerContext;
  readonly startedAt: Date;
  /** Ends the run with that exit code. */
  exit(code: number): void;
  /** What the readiness probe is answered. */
  isReady: boolean;
  /** When SIGTERM came. */
  stoppedAt?: Date;
}

export interface HandHeldOptions {
  /** Whether a run ends by itself at SIGTERM. */
  readonly obeysStop?: boolean;
  readonly ready?: boolean;
}

export class HandHeld {
  readonly runs: Run[] = [];
  readonly #options: HandHeldOptions;
  readonly #waiting = new Map<number, (run: Run) => void>();

  constructor(options: HandHeldOptions = {}) {
    this.#options = options;
  }

  /** The run of that number, the first being 1, as soon as it has begun. */
  async run(number: number): Promise<Run> {
    const present = this.runs[number - 1];
    if (present) return present;
    const { promise, resolve } = Promise.withResolvers<Run>();
    this.#waiting.set(number, resolve);
    return promise;
  }

  readonly program: ContainerProgram = {
    start: (context) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      const { obeysStop = true, ready = true } = this.#options;
      const run: Run = { context, startedAt: context.clock.now(), exit: resolve, isReady: ready };
      this.runs.push(run);
      this.#waiting.get(this.runs.length)?.(run);
      const stop = () => {
        run.stoppedAt = context.clock.now();
        if (obeysStop) resolve(143);
      };
      return { exited: promise, stop, ready: () => run.isReady };
    },
  };
}
