/**
 * Equal texts once. The objects of hundreds of clusters say the same thing over and over (the same bundle, the same
 * images, the same second), each time in characters of its own, and often in the pieces that a text was put together from.
 */

/** Texts after which those that nobody has asked for since are forgotten; they live on in whatever holds them. */
const KEPT = 8192;
/** The runtime puts together what is shorter than this as one piece. */
const PIECES = 13;

let recent = new Map<string, string>();
let older = new Map<string, string>();

/** The one text that is equal to this one, in one piece. */
export function sharedText(text: string): string {
  const known = recent.get(text);
  if (known !== undefined) return known;
  const one = older.get(text) ?? inOnePiece(text);
  if (recent.size >= KEPT) {
    older = recent;
    recent = new Map();
  }
  recent.set(one, one);
  return one;
}

/**
 * An equal text that holds on to nothing else: one that was cut out of another keeps the whole of it, one that was put
 * together keeps every part.
 */
export function inOnePiece(text: string): string {
  return text.length < PIECES ? text : Buffer.from(text).toString();
}
