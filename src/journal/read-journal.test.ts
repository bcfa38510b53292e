import { describe, expect, test } from "vitest";
import { FarrierError } from "../errors.ts";
import { EMPTY_HEAD, type EntryDraft, lineHash, nextLine } from "./chain.ts";
import { readJournal } from "./read-journal.ts";

function journal(...drafts: EntryDraft[]): { text: string; lines: string[] } {
  const lines: string[] = [];
  let head = EMPTY_HEAD;
  for (const draft of drafts) {
    const next = nextLine(head, draft);
    lines.push(next.line);
    head = next.head;
  }
  return { text: lines.join(""), lines };
}

function note(text: string, rotation = "r-1"): EntryDraft {
  return { at: "2026-11-23T12:00:00.000Z", rotation, target: "rotation", type: "noted", data: { text } };
}

function refusal(text: string, options = {}): string {
  try {
    readJournal(text, options);
  } catch (error) {
    if (error instanceof FarrierError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

const { text, lines } = journal(note("one"), note("two — with ümlauts"), note("three"));

test("a whole journal is read back, with the head that the next line continues", () => {
  const read = readJournal(text, { rotation: "r-1" });
  expect(read.entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(read.torn).toBeUndefined();
  expect(read.keepBytes).toBe(Buffer.byteLength(text));
  const { line } = nextLine(read.head, note("four"));
  expect(readJournal(text + line).entries).toHaveLength(4);
});

test("an empty file is an empty journal", () => {
  expect(readJournal("")).toEqual({ entries: [], head: EMPTY_HEAD, keepBytes: 0 });
});

test("each line holds the hash of the line before, the first one zeros", () => {
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first.prev).toBe("0".repeat(64));
  expect(second.prev).toBe(lineHash((lines[0] ?? "").trimEnd()));
});

test("wherever the last line is cut off it is dropped with a note, and the rest stays", () => {
  const kept = lines.slice(0, 2).join("");
  for (let length = kept.length + 1; length < text.length; length += 1) {
    const read = readJournal(text.slice(0, length));
    expect(read.entries).toHaveLength(2);
    expect(read.torn).toContain("after entry 2");
    expect(read.keepBytes).toBe(Buffer.byteLength(kept));
  }
});

describe("a journal that was tampered with is refused", () => {
  const other = journal(note("one", "r-2")).text;
  const rows: [string, string, object, string][] = [
    ["a text was edited", text.replace("two", "2"), {}, "Line 3"],
    [
      "the last line was edited into no entry",
      text.replace('"noted","data":{"text":"three"}', '"bogus","data":{}'),
      {},
      "Line 3",
    ],
    ["a line was left out", lines[0] + (lines[2] ?? ""), {}, "entry 3"],
    ["the first line was left out", lines.slice(1).join(""), {}, "entry 2"],
    ["two lines changed places", `${lines[1]}${lines[0]}`, {}, "entry 2"],
    ["a line is there twice", `${lines[0]}${lines[0]}`, {}, "entry 1"],
    ["a line was made empty", `${lines[0]}\n${lines[1]}`, {}, "not JSON"],
    ["zeros stand where a line was", `${lines[0]}${"\0".repeat(20)}\n`, {}, "not JSON"],
    ["it belongs to another rotation", other, { rotation: "r-1" }, "belongs to rotation r-2"],
    [
      "it is of two rotations",
      lines[0] + (journal(note("a"), note("b", "r-2")).lines[1] ?? ""),
      {},
      "belongs to rotation r-2",
    ],
  ];
  test.each(rows)("%s", (_, broken, options, why) => {
    expect(refusal(broken, options)).toMatch(/^journal\.broken: /);
    expect(refusal(broken, options)).toContain(why);
  });
});

describe("a journal that was tampered with is told where", () => {
  const lone = lines[1] ?? "";
  const rows: [string, string, string][] = [
    [
      "its beginning is gone, and the numbers were mended",
      lone.replace('"seq":2', '"seq":1'),
      "The journal's first line says that there was one before it.",
    ],
    [
      "a line was edited",
      text.replace("two", "2"),
      "Line 3 of the journal does not continue line 2: one of the two was changed after it was written.",
    ],
    [
      "a line was left out",
      lines[0] + (lines[2] ?? ""),
      "Line 2 of the journal is entry 3: an entry was left out, added or moved.",
    ],
    ["a line is no JSON", `${lines[0]}{"seq":2\n`, "Line 2 of the journal is not JSON."],
  ];
  test.each(rows)("%s", (_, broken, sentence) => {
    expect(refusal(broken, {})).toBe(`journal.broken: ${sentence}`);
  });

  test("by the member that is wrong, where it is one, and as a whole where it is none", () => {
    const start = "journal.broken: Line 1 of the journal is not an entry that this version knows: ";
    expect(refusal((lines[0] ?? "").replace('"seq":1', '"seq":"1"'), {})).toMatch(new RegExp(`^${start}seq: .+\\.$`));
    expect(refusal("7\n", {})).toMatch(new RegExp(`^${start}[A-Z].+\\.$`));
  });
});
