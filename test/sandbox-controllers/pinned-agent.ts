/** A program that makes the agent's start check: it compares its pin with the served one, and exits if they differ. */
import type { Clock } from "../../src/sandbox/clock.ts";
import type { ContainerProgram } from "../../src/sandbox/controllers/container-program.ts";

/** rancher.md §0b row 1: the new pod is Ready for 1.5 s before its start check fails. */
const CHECK_AFTER = 1_500;

interface Start {
  readonly pod: string;
  readonly pin: string | undefined;
  readonly at: Date;
  exitedAt?: Date;
}

export class PinnedAgents {
  /** The pin of the bundle that is served now. */
  served: string;
  /** Every start of every container, in order. */
  readonly starts: Start[] = [];
  readonly #connected = new Map<string, string | undefined>();
  readonly #waiting = new Set<() => void>();
  /** When nobody has been connected since somebody first was. */
  #outageSince: Date | undefined;
  #wasConnected = false;
  readonly #outages: number[] = [];

  constructor(served: string) {
    this.served = served;
  }

  /** Pins of the agents that are connected now. */
  get connected(): readonly (string | undefined)[] {
    return [...this.#connected.values()];
  }

  /** Milliseconds of sandbox time of each time in which no agent was connected, once one had been. */
  get outages(): readonly number[] {
    return this.#outages;
  }

  get isDown(): boolean {
    return this.#connected.size === 0;
  }

  startsOf(pod: string): readonly Start[] {
    return this.starts.filter((start) => start.pod === pod);
  }

  /** Resolves as soon as the condition holds; it is asked whenever an agent starts, exits, connects or leaves. */
  until(condition: (agents: this) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (!condition(this)) return;
      this.#waiting.delete(look);
      resolve();
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  readonly program: ContainerProgram = {
    start: ({ pod, env, clock, log }) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      const pin = env.CATTLE_CA_CHECKSUM;
      const { uid = "", name } = pod.metadata;
      const start: Start = { pod: name, pin, at: clock.now() };
      this.starts.push(start);
      log("starting");
      const check = clock.after(CHECK_AFTER, () => {
        if (pin === this.served) this.#connect(uid, pin, clock);
        else exit(1, `Configured cacerts checksum (${this.served}) does not match given --ca-checksum (${pin})`);
      });
      const exit = (code: number, line: string) => {
        log(line);
        check.cancel();
        start.exitedAt = clock.now();
        this.#disconnect(uid, clock);
        resolve(code);
      };
      this.#tell();
      return { exited: promise, stop: () => exit(143, "terminated"), ready: () => true };
    },
  };

  #connect(uid: string, pin: string | undefined, clock: Clock): void {
    if (this.#outageSince) this.#outages.push(clock.elapsed(this.#outageSince));
    this.#outageSince = undefined;
    this.#wasConnected = true;
    this.#connected.set(uid, pin);
    this.#tell();
  }

  #disconnect(uid: string, clock: Clock): void {
    this.#connected.delete(uid);
    if (this.isDown && this.#wasConnected) this.#outageSince ??= clock.now();
    this.#tell();
  }

  #tell(): void {
    for (const look of [...this.#waiting]) look();
  }
}
