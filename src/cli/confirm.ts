/** A person's yes before the estate is changed. */
import { createInterface } from "node:readline/promises";
import { FarrierError } from "../errors.ts";

/**
 * For commands that write something before they can ask.
 * @throws FarrierError `input.not-confirmed` when a person would have to say yes and there is none to ask
 */
export function refuseWithoutPerson(options: Readonly<Record<string, unknown>>): void {
  if (options.yes === true || process.stdin.isTTY) return;
  throw new FarrierError("input.not-confirmed", "Nothing was changed: there is no terminal to ask on, and no --yes.");
}

/**
 * True when the person says yes, or `--yes` was given. Nothing is asked when stdin is no terminal.
 * @throws FarrierError `input.not-confirmed`
 */
export async function confirm(question: string, options: Readonly<Record<string, unknown>>): Promise<boolean> {
  if (options.yes === true) return true;
  refuseWithoutPerson(options);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
