/** Values that a script left empty (`--out "$OUT"`): they would mean the present directory, or nothing at all. */
import { FarrierError } from "../errors.ts";

/** A person's own words, which their commands judge themselves. */
const WORDS: readonly string[] = ["by", "reason", "until"];

/** @throws FarrierError `input.usage` */
export function refuseEmptyValues(words: readonly string[], options: Readonly<Record<string, unknown>>): void {
  if (words.includes("")) {
    throw new FarrierError("input.usage", "An argument is empty.", { hint: "Is a variable of your script unset?" });
  }
  const empty = Object.entries(options).find(([name, value]) => value === "" && !WORDS.includes(name));
  if (empty === undefined) return;
  const flag = empty[0].replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new FarrierError("input.usage", `The value of --${flag} is empty.`, {
    hint: "Leave it out, or give it a value: is a variable of your script unset?",
  });
}
