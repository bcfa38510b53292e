/** Results go to stdout in the format that was asked for; progress goes to stderr. The facts are the same in each. */
import { FarrierError } from "../errors.ts";
import { legible } from "./render/legible.ts";

export const OUTPUT_FORMATS = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** @throws FarrierError `input.usage` for an unknown format. */
export function parseOutputFormat(text: string): OutputFormat {
  const format = OUTPUT_FORMATS.find((known) => known === text);
  if (format === undefined) {
    throw new FarrierError("input.usage", `Unknown output format "${text}".`, {
      hint: `Use one of ${OUTPUT_FORMATS.join(", ")}.`,
    });
  }
  return format;
}

/** Prints one result: `value` as JSON or YAML, or `table()` for people. */
export async function printResult(format: OutputFormat, value: unknown, table: () => string): Promise<void> {
  switch (format) {
    case "table":
      return write(legible(table()));
    case "json":
      return write(`${JSON.stringify(value, null, 2)}\n`);
    case "yaml": {
      const { stringify } = await import("yaml");
      return write(stringify(JSON.parse(JSON.stringify(value))));
    }
  }
}

/**
 * One of several values that follow each other: a line of JSON; in YAML, of which JSON is a part, a document of its own.
 */
export function documentLine(format: Exclude<OutputFormat, "table">, value: unknown): string {
  return `${format === "yaml" ? "---\n" : ""}${JSON.stringify(value)}\n`;
}

/** Waits for a slow reader, so that a long result is not cut off when the process ends. */
async function write(text: string): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
}
