/**
 * Text from outside (names of clusters, messages of servers) as it may reach a terminal: it can neither move the
 * cursor, nor erase, reorder or hide what stands there. The colours of style.ts, tabs and line ends stay, since we write
 * them ourselves.
 */
export function legible(text: string): string {
  return text.replaceAll(CONTROL, (character, offset: number) => {
    if (character === "\n" || character === "\t") return character;
    return character === ESCAPE && COLOUR.test(text.slice(offset + 1)) ? character : "\ufffd";
  });
}

/** The same on one line, without tabs, so that columns stay where they are. */
export function oneLine(text: string): string {
  return legible(text.replaceAll(LINE_ENDS, " "));
}

/** The same of what nobody has coloured yet: whoever sent it could make a part of a sentence invisible. */
export function plainLine(text: string): string {
  return text.replaceAll(LINE_ENDS, " ").replaceAll(CONTROL, "\ufffd");
}

const LINE_ENDS = /\s*[\r\n\t]+\s*/g;

const ESCAPE = String.fromCharCode(27);
/** What `styleText` writes for the meanings of style.ts: concealed text or black on black are none of them. */
const COLOUR = /^\[(?:1|2|3[1236]|22|39)m/;
/** Control characters, and those that change the direction of writing. */
const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
