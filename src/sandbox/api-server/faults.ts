/** Requests that go wrong on purpose: the scenario decides which, and how. */

import type { Clock } from "../clock.ts";
import type { ApiError } from "../cluster-client.ts";
import type { Registration } from "./admission.ts";
import type { User } from "./authorization.ts";

/** What a fault can go by. `verb` is the API's (get, list, watch, create, …). */
export interface RequestAttributes {
  readonly user: User;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
}

export type Misfortune =
  | { readonly kind: "error"; readonly error: ApiError }
  /** Carried out, but the caller is only told after this long (in sandbox time) that it took too long. */
  | { readonly kind: "timeout"; readonly milliseconds: number; readonly error: ApiError }
  /** Answered properly, but only after this long (in sandbox time). */
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** Never answered; ends when the caller gives up. */
  | { readonly kind: "hang" }
  /** The connection breaks. With `after: "effect"` the request has been carried out nevertheless. */
  | { readonly kind: "reset"; readonly after?: "effect" };

/** Undefined lets the request pass. */
export type Fault = (request: RequestAttributes) => Misfortune | undefined;

/** Thrown where the connection is to break without an answer. */
export class ConnectionReset extends Error {
  constructor() {
    super("connection reset by peer");
    this.name = "ConnectionReset";
  }
}

export class Faults {
  readonly #faults = new Set<Fault>();
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(fault: Fault): Registration {
    this.#faults.add(fault);
    return { remove: () => this.#faults.delete(fault) };
  }

  /** Carries out the request, or what the first fault that applies does to it. */
  async around<T>(request: RequestAttributes, action: () => T, signal?: AbortSignal): Promise<T> {
    const misfortune = this.#pick(request);
    switch (misfortune?.kind) {
      case undefined:
        return action();
      case "error":
        throw misfortune.error;
      case "timeout":
        await action();
        await this.#wait(misfortune.milliseconds, signal);
        throw misfortune.error;
      case "delay":
        await this.#wait(misfortune.milliseconds, signal);
        return action();
      case "hang":
        await this.#wait(undefined, signal);
        throw new ConnectionReset();
      case "reset":
        if (misfortune.after === "effect") action();
        throw new ConnectionReset();
    }
  }

  /** Ends all waits. */
  stop(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #pick(request: RequestAttributes): Misfortune | undefined {
    for (const fault of this.#faults) {
      const misfortune = fault(request);
      if (misfortune !== undefined) return misfortune;
    }
    return undefined;
  }

  #wait(milliseconds: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        timer?.cancel();
        signal?.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = milliseconds === undefined ? undefined : this.#clock.after(milliseconds, wake);
      signal?.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}
