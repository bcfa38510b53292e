/** The journal's text → entries, with its chain proved. */
import { FarrierError } from "../errors.ts";
import { EMPTY_HEAD, type Head, lineHash } from "./chain.ts";
import { entrySchema, type JournalEntry } from "./entry.ts";

export interface ReadJournal {
  readonly entries: readonly JournalEntry[];
  readonly head: Head;
  /** Set when the last line was dropped because it was not completely written. */
  readonly torn?: string;
  /** The file's size in bytes up to and with the last whole line: what it must be cut to before anything is appended. */
  readonly keepBytes: number;
}

/**
 * Reads a journal and proves its chain.
 *
 * A last line without its newline is torn: the process died while it wrote. It is dropped, even where it could be
 * parsed, because the change that it announces is made only after the whole line is on disk.
 *
 * @throws FarrierError `journal.broken` where a line was edited, left out or added, or where an entry belongs to another
 *   rotation than `rotation`
 */
export function readJournal(text: string, options: { readonly rotation?: string } = {}): ReadJournal {
  const end = text.lastIndexOf("\n") + 1;
  const whole = text.slice(0, end);
  const lines = whole === "" ? [] : whole.slice(0, -1).split("\n");
  const entries: JournalEntry[] = [];
  let head = EMPTY_HEAD;
  for (const line of lines) {
    const entry = entryOf(line, head, options.rotation ?? entries[0]?.rotation);
    entries.push(entry);
    head = { seq: entry.seq, hash: lineHash(line) };
  }
  const keepBytes = Buffer.byteLength(whole, "utf8");
  return { entries, head, keepBytes, ...(end === text.length ? {} : { torn: tornNote(head) }) };
}

function tornNote(head: Head): string {
  return `The journal's last line, after entry ${head.seq}, was not completely written and is left out: the process that wrote it was stopped before it did what the line announces.`;
}

function entryOf(line: string, head: Head, rotation: string | undefined): JournalEntry {
  const place = head.seq + 1;
  const entry = parsed(line, place);
  if (rotation !== undefined && entry.rotation !== rotation) {
    throw broken(`Line ${place} of the journal belongs to rotation ${entry.rotation}, not to ${rotation}.`);
  }
  if (entry.seq !== place) {
    throw broken(`Line ${place} of the journal is entry ${entry.seq}: an entry was left out, added or moved.`);
  }
  if (entry.prev !== head.hash) {
    throw broken(
      place === 1
        ? "The journal's first line says that there was one before it."
        : `Line ${place} of the journal does not continue line ${head.seq}: one of the two was changed after it was written.`,
    );
  }
  return entry;
}

function parsed(line: string, place: number): JournalEntry {
  const result = entrySchema.safeParse(json(line, place));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const member = issue?.path.join(".") ?? "";
  throw broken(
    `Line ${place} of the journal is not an entry that this version knows: ${member === "" ? "" : `${member}: `}${issue?.message}.`,
  );
}

function json(line: string, place: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new FarrierError("journal.broken", `Line ${place} of the journal is not JSON.`, { cause });
  }
}

function broken(sentence: string): FarrierError {
  return new FarrierError("journal.broken", sentence);
}
