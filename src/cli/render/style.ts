/** Colour by meaning. Nothing is said by colour alone, and none is used where nobody asked for it. */
import { styleText } from "node:util";

export type Meaning = "good" | "bad" | "attention" | "quiet" | "strong" | "accent";

const STYLE = {
  good: "green",
  bad: "red",
  attention: "yellow",
  quiet: "dim",
  strong: "bold",
  accent: "cyan",
} as const satisfies Record<Meaning, Parameters<typeof styleText>[0]>;

let disabled = false;

/** `--no-color`: applies to everything that this process prints from now on. */
export function disableColor(): void {
  disabled = true;
}

/** `text` in the colour of `meaning`, if `stream` is a terminal that wants colour (`NO_COLOR`, `FORCE_COLOR` count). */
export function paint(meaning: Meaning, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  if (disabled) return text;
  return styleText(STYLE[meaning], text, { stream, validateStream: true });
}
