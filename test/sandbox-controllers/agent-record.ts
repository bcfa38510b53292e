/** What a test knows of agents that make a start check: who started, who exited, who is connected, and since when nobody is. */
import type { Clock } from "../../src/sandbox/clock.ts";

export interface Start {
  readonly pod: string;
  readonly pin: string | undefined;
  readonly at: Date;
  exitedAt?: Date;
}

export class AgentRecord {
  /** Every start of every container, in order. */
  readonly starts: Start[] = [];
  readonly #connected = new Map<string, string | undefined>();
  readonly #waiting = new Set<() => void>();
  /** When nobody has been connected since somebody first was. */
  #outageSince: Date | undefined;
  #wasConnected = false;
  readonly #outages: number[] = [];

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

  /** A container has started. */
  begin(start: Omit<Start, "exitedAt">): Start {
    const kept = { ...start };
    this.starts.push(kept);
    this.#tell();
    return kept;
  }

  /** It has exited. */
  end(start: Start, at: Date): void {
    start.exitedAt = at;
    this.#tell();
  }

  /** @param id of a connection, or of the only one that a pod has */
  connect(id: string, pin: string | undefined, clock: Clock): void {
    if (this.#outageSince) this.#outages.push(clock.elapsed(this.#outageSince));
    this.#outageSince = undefined;
    this.#wasConnected = true;
    this.#connected.set(id, pin);
    this.#tell();
  }

  disconnect(id: string, clock: Clock): void {
    this.#connected.delete(id);
    if (this.isDown && this.#wasConnected) this.#outageSince ??= clock.now();
    this.#tell();
  }

  #tell(): void {
    for (const look of [...this.#waiting]) look();
  }
}
