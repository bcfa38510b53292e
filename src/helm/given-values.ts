/** The values that people gave a release. They may hold passwords and keys: whatever prints them prints `[redacted]`. */
import { inspect, isDeepStrictEqual } from "node:util";

const REDACTED = "[redacted]";

export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export type Values = Readonly<Record<string, Value>>;

/** One value at its path (`ingress.tls.source`); without `to` it is taken away, and the chart's default holds again. */
export interface ValueChange {
  readonly path: string;
  readonly to?: Value | undefined;
}

/** Shorter ones are words like `no`, and taking them out makes a sentence unreadable. */
const SHORTEST_SECRET = 4;

export class GivenValues {
  readonly #values: Values;

  private constructor(values: Values) {
    this.#values = values;
  }

  /** @param values as `helm get values -o json` has them: only what was given, without the chart's defaults */
  static of(values: Values): GivenValues {
    return new GivenValues(values);
  }

  /** The value at a path; undefined where nothing was given. */
  at(path: string): Value | undefined {
    return path
      .split(".")
      .reduce<Value | undefined>((value, key) => (isMap(value) ? value[key] : undefined), this.#values);
  }

  /** The same values with some changed. Everything else stays; a map that a removal leaves empty goes with it. */
  with(changes: readonly ValueChange[]): GivenValues {
    const changed = changes.reduce((values, { path, to }) => placed(values, path.split("."), to), this.#values);
    return new GivenValues(changed);
  }

  /** The same values, in whatever order. */
  equals(other: GivenValues): boolean {
    return isDeepStrictEqual(this.#values, other.#values);
  }

  /** The sentence without any text or number of some length that was given: for where people read. */
  takenOutOf(sentence: string): string {
    // Line by line, as a key is given and repeated. The longest first: a shorter one may be a part of it.
    const lines = textsIn(this.#values).flatMap((text) => text.split(/\r?\n/).map((line) => line.trim()));
    return lines
      .filter((line) => line.length >= SHORTEST_SECRET)
      .flatMap(formsOf)
      .sort((a, b) => b.length - a.length)
      .reduce((clean, form) => clean.replaceAll(form, REDACTED), sentence);
  }

  /** JSON, for `helm` and for encryption alone. */
  reveal(): string {
    return JSON.stringify(this.#values);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

function placed(values: Values, [key = "", ...below]: readonly string[], to: Value | undefined): Values {
  const { [key]: present, ...others } = values;
  const value = below.length === 0 ? to : placed(isMap(present) ? present : {}, below, to);
  const isGone = value === undefined || (to === undefined && isMap(value) && Object.keys(value).length === 0);
  if (isGone) return others;
  // A key that was there stays in its place, so that a diff of the values shows nothing else.
  return { ...values, [key]: value };
}

function isMap(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text as it is, as Go quotes it (`%q`), and as Go's JSON has it, which is meant for HTML, too. */
function formsOf(text: string): string[] {
  const quoted = JSON.stringify(text).slice(1, -1);
  const escaped = quoted.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  return [...new Set([text, quoted, escaped])];
}

function textsIn(value: Value): string[] {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
