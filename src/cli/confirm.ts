/** A person's yes before the estate is changed. */
import { createInterface } from "node:readline/promises";
import { FarrierError } from "../errors.ts";

/**
 * True when the person says yes, or `--yes` was given. Nothing is asked when stdin is no terminal.
 * @throws FarrierError `input.not-confirmed`
 */
export async function confirm(question: string, options: Readonly<Record<string, unknown>>): Promise<boolean> {
  if (options.yes === true) return true;
  if (!process.stdin.isTTY) {
    throw new FarrierError("input.not-confirmed", "Nothing was changed: there is no terminal to ask on, and no --yes.");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
