/** How much room text takes on a terminal. */
import { stripVTControlCharacters } from "node:util";

/** Pads to a width in terminal columns; control sequences count nothing. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** Columns that `text` takes: East Asian wide characters and emoji take two, marks on another character none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) {
    if (!ZERO.test(character)) width += WIDE.test(character) || EMOJI.test(character) ? 2 : 1;
  }
  return width;
}

/** Combining marks, variation selectors, joiners. */
const ZERO = /[\p{Mn}\p{Me}\u200b-\u200d\u2060\ufeff]/u;
const EMOJI = /\p{Emoji_Presentation}/u;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
