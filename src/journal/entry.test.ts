/** What a line of the journal must hold, so that a rotation can be told from it years later. */
import { describe, expect, test } from "vitest";
import { evidenceKindSchema } from "../estate/evidence.ts";
import { EMPTY_HEAD, nextLine } from "./chain.ts";
import type { JournalEvent } from "./entry.ts";
import { readJournal } from "./read-journal.ts";

type Type = JournalEvent["type"];
const failure = { code: "api.forbidden", message: "May not.", hint: "Ask." };
const seen = {
  kind: "session",
  pin: "a",
  at: "2026-11-23T12:00:01Z",
  since: "2026-11-23T12:00:00Z",
  source: "rancher",
};

/** One of each type, with all that it can hold. */
const EVENTS: { readonly [T in Type]: Extract<JournalEvent, { type: T }>["data"] } = {
  "plan-begun": { file: "plan.json", digest: "d", direction: "forward", holder: "ann@laptop" },
  continued: { holder: "bob@desk", how: "taken-over" },
  "stage-entered": { stage: "widen" },
  "gate-held": { stage: "widen", holds: [{ target: "c-1/cluster-agent", why: "It is not armed.", hint: "Arm it." }] },
  "gate-passed": { stage: "widen", waived: ["c-9"] },
  "stage-done": { stage: "widen" },
  "rest-begun": { stage: "rest", until: "2026-12-01T00:00:00Z" },
  "step-added": { stage: "widen", step: { id: "c-1/arm-agent@both", anything: ["else"] } },
  "step-started": { before: { pin: "a", minReadySeconds: 0 } },
  "step-applied": {},
  "step-retried": { attempt: 2, failure },
  "step-done": { evidence: [{ ...seen, kind: "session" }], alreadyDone: false },
  "step-failed": failure,
  "endpoint-renewed": { sealed: { file: "backups/endpoint.age", sha256: "f" } },
  waived: { clusterId: "c-9", by: "ann", reason: "It is gone.", until: "2026-12-24" },
  paused: { by: "ann", why: "lunch" },
  unpaused: { by: "bob" },
  noted: { text: "archived" },
  "plan-finished": { digest: "e", worldChanged: true },
};
/** They are kept as they were, whatever they are; the fold looks at what it needs of them. */
const KEPT_WHOLE: readonly string[] = ["before", "step"];

/** A first line with this data, whoever allows it. */
function lineOf(type: string, data: unknown, step?: string): string {
  const place = {
    at: "2026-11-23T12:00:00.000Z",
    rotation: "r-1",
    target: "c-1",
    ...(step === undefined ? {} : { step }),
  };
  return `${JSON.stringify({ seq: 1, ...place, type, data, prev: EMPTY_HEAD.hash })}\n`;
}

const refused = (line: string) => expect(() => readJournal(line)).toThrowError(/Line 1 of the journal is not an entry/);
const events = Object.entries(EVENTS);

describe("an entry of the type", () => {
  test.each(events)("%s is read back with all that it holds", (type, data) => {
    const [entry] = readJournal(lineOf(type, data, "c-1/arm-agent@both")).entries;
    expect(entry).toEqual({
      seq: 1,
      at: "2026-11-23T12:00:00.000Z",
      rotation: "r-1",
      target: "c-1",
      step: "c-1/arm-agent@both",
      type,
      data,
      prev: "0".repeat(64),
    });
  });

  const members = events.flatMap(([type, data]) =>
    memberPaths(data)
      .filter(([first = "", ...rest]) => !KEPT_WHOLE.includes(first) && rest.at(-1) !== "since")
      .map((path) => [type, path.join("."), path, data] as const),
  );
  test.each(members)("%s is none without its %s", (type, _, path, data) => {
    refused(lineOf(type, without(data, path)));
  });
});

describe("what is no entry:", () => {
  const rows: [string, string][] = [
    ["a type that this version does not know", lineOf("bogus", {})],
    ["a direction that leads nowhere", lineOf("plan-begun", { ...EVENTS["plan-begun"], direction: "sideways" })],
    ["going on in an unknown way", lineOf("continued", { holder: "bob", how: "guessed" })],
    ["half an attempt", lineOf("step-retried", { attempt: 1.5, failure })],
    [
      "evidence of an unknown kind",
      lineOf("step-done", { evidence: [{ ...seen, kind: "hearsay" }], alreadyDone: true }),
    ],
    ["a hash with a letter too many", lineOf("noted", { text: "x" }).replace(EMPTY_HEAD.hash, `${EMPTY_HEAD.hash}0`)],
    ["a hash in capitals", lineOf("noted", { text: "x" }).replace(EMPTY_HEAD.hash, "A".repeat(64))],
    ["entry 0", lineOf("noted", { text: "x" }).replace('"seq":1', '"seq":0')],
  ];
  test.each(rows)("%s", (_, line) => refused(line));
});

describe("the words of an entry", () => {
  test.each(["forward", "rollback"])("know the direction %s", (direction) => {
    const [entry] = readJournal(lineOf("plan-begun", { ...EVENTS["plan-begun"], direction })).entries;
    expect(entry?.data).toMatchObject({ direction });
  });
  test.each(["resumed", "taken-over", "adopted"])("know that a rotation was %s", (how) => {
    expect(readJournal(lineOf("continued", { holder: "bob", how })).entries[0]?.data).toMatchObject({ how });
  });
  test.each(["declared", "armed", "started", "session", "reported", "probe"])("know evidence that is %s", (kind) => {
    expect(evidenceKindSchema.options).toContain(kind);
    const [entry] = readJournal(lineOf("step-done", { evidence: [{ ...seen, kind }], alreadyDone: false })).entries;
    expect(entry?.data).toMatchObject({ evidence: [{ kind }] });
  });
});

test("a line has its members in one order, and a step only where it is about one", () => {
  const draft = { at: "now", rotation: "r-1", target: "c-1", type: "noted", data: { text: "x" } } as const;
  const bare = nextLine(EMPTY_HEAD, draft).line;
  expect(bare).toBe(
    `{"seq":1,"at":"now","rotation":"r-1","target":"c-1","type":"noted","data":{"text":"x"},"prev":"${"0".repeat(64)}"}\n`,
  );
  expect(nextLine(EMPTY_HEAD, { ...draft, step: "c-1/x" }).line).toContain('"target":"c-1","step":"c-1/x","type"');
});

/** `evidence.0.kind`, one for each member, however deep. */
function memberPaths(data: unknown): string[][] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    const own = Array.isArray(data) ? [] : [[key]];
    return [...own, ...memberPaths(value).map((path) => [key, ...path])];
  });
}

function without(data: unknown, [first = "", ...rest]: readonly string[]): unknown {
  if (Array.isArray(data)) return data.map((one, index) => (String(index) === first ? without(one, rest) : one));
  const { [first]: member, ...others } = { ...(data as object) } as Record<string, unknown>;
  return rest.length === 0 ? others : { ...others, [first]: without(member, rest) };
}
