/** Asks a running container whether it is ready, as often as its probe says, and tells when the answer changes. */
import type { Clock, Timer } from "../../clock.ts";
import type { Container } from "../pod.ts";

type Probe = NonNullable<Container["readinessProbe"]>;

export interface Probed {
  readonly clock: Clock;
  ask(): boolean;
  /** Called when enough answers in a row say the other thing; a container begins as not ready. */
  tell(ready: boolean): void;
}

export class ReadinessProbe {
  readonly #probe: Probe;
  readonly #probed: Probed;
  #timer: Timer;
  #ready = false;
  /** How many answers in a row contradicted what was told. */
  #contrary = 0;

  constructor(probe: Probe, probed: Probed) {
    this.#probe = probe;
    this.#probed = probed;
    this.#timer = probed.clock.after((probe.initialDelaySeconds ?? 0) * 1_000, () => this.#ask());
  }

  stop(): void {
    this.#timer.cancel();
  }

  #ask(): void {
    const { periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = this.#probe;
    this.#timer = this.#probed.clock.after(periodSeconds * 1_000, () => this.#ask());
    this.#contrary = this.#answer() === this.#ready ? 0 : this.#contrary + 1;
    if (this.#contrary < (this.#ready ? failureThreshold : successThreshold)) return;
    this.#ready = !this.#ready;
    this.#contrary = 0;
    this.#probed.tell(this.#ready);
  }

  #answer(): boolean {
    try {
      return this.#probed.ask();
    } catch {
      return false;
    }
  }
}
