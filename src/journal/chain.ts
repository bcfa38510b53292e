/** The chain of journal lines: every line holds the hash of the line before, so that none can be edited or left out. */
import { createHash } from "node:crypto";
import type { JournalEntry, JournalEvent } from "./entry.ts";

/** The end of a chain: how many lines it has, and the hash of the last one. */
export interface Head {
  /** `seq` of the last entry; 0 for an empty journal. */
  readonly seq: number;
  /** SHA-256 (lower-case hex) of the last line without its newline; 64 zeros for an empty journal. */
  readonly hash: string;
}

/** The head of a journal without entries. */
export const EMPTY_HEAD: Head = { seq: 0, hash: "0".repeat(64) };

/** An entry before it has its place in the chain. */
export type EntryDraft = Omit<JournalEntry, "seq" | "prev" | "type" | "data"> & JournalEvent;

/** A line that continues the chain: the entry, its text with the newline at the end, and the head that it makes. */
export interface ChainedLine {
  readonly entry: JournalEntry;
  readonly line: string;
  readonly head: Head;
}

/** Gives an entry its place behind `head`. The key order of a line is fixed, so that equal entries are equal bytes. */
export function nextLine(head: Head, draft: EntryDraft): ChainedLine {
  const { at, rotation, target, step, ...event } = draft;
  const place = { seq: head.seq + 1, at, rotation, target, ...(step === undefined ? {} : { step }) };
  const entry: JournalEntry = { ...place, ...event, prev: head.hash };
  const text = JSON.stringify(entry);
  return { entry, line: `${text}\n`, head: { seq: entry.seq, hash: lineHash(text) } };
}

/** SHA-256 (lower-case hex) of a line without its newline. */
export function lineHash(line: string): string {
  return createHash("sha256").update(line, "utf8").digest("hex");
}
