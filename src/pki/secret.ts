/** A value that must never be printed: whatever writes it out by accident writes `[redacted]`. */
import { inspect } from "node:util";

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

/** Holds a private key, passphrase or token. {@link Secret.reveal} is the only way to the value. */
export class Secret {
  readonly #value: string;

  private constructor(value: string) {
    this.#value = value;
  }

  static of(value: string): Secret {
    return new Secret(value);
  }

  /** The value itself. Hand it to what needs it; never to a log, an error, a plan or a journal. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  get [Symbol.toStringTag](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
