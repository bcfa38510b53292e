import { documentLine, type OutputFormat } from "./output.ts";

/**
 * Values on stdout that follow each other, in the format that was asked for; nothing where that is a table. Those of one turn
 * of the event loop, as entries that reached the disk together are, go out in one write: a write for each was a thirtieth
 * of a rotation's processor time.
 */
export class DocumentLines {
  readonly #format: OutputFormat;
  #waiting = "";

  constructor(format: OutputFormat) {
    this.#format = format;
  }

  add(value: unknown): void {
    if (this.#format === "table") return;
    if (this.#waiting === "") setImmediate(() => this.flush());
    this.#waiting += documentLine(this.#format, value);
  }

  /** Before the process ends. */
  flush(): void {
    if (this.#waiting !== "") process.stdout.write(this.#waiting);
    this.#waiting = "";
  }
}
