import { expect, test } from "vitest";
import { describeCell, duration, shortTime } from "./phrases.ts";

const seen = (at: string) => ({ kind: "started" as const, pin: "a", at, source: "deployment" });

test.each([
  { name: "nothing shown", cell: { epoch: "both", state: "none" as const, evidence: [] }, says: "–" },
  { name: "never proves", cell: { epoch: "both", state: "unproved" as const, evidence: [] }, says: "unproved" },
  {
    name: "the newest of several observations counts",
    cell: {
      epoch: "both",
      state: "started" as const,
      evidence: [seen("2026-11-23T09:00:00.000Z"), seen("2026-11-24T08:31:02.000Z"), seen("2026-11-23T23:00:00.000Z")],
    },
    says: "started, seen 2026-11-24 08:31:02Z",
  },
])("a cell in words: $name", ({ cell, says }) => {
  expect(describeCell(cell)).toBe(says);
});

test("a time has its day, since a rotation may rest for months", () => {
  expect(shortTime("2026-11-23T08:31:02.123Z")).toBe("2026-11-23 08:31:02Z");
  expect(shortTime(undefined)).toBe("–");
});

const START = Date.parse("2026-11-23T08:00:00.000Z");
test.each([
  { name: "tenths of a second", seconds: 0.24, says: "0.2 s" },
  { name: "just below a minute", seconds: 59.97, says: "1 min 0 s" },
  { name: "minutes that round up", seconds: 119.6, says: "2 min 0 s" },
  { name: "hours", seconds: 12_059, says: "3 h 20 min" },
  { name: "days of rest", seconds: 12 * 86_400 + 4 * 3_600, says: "12 d 4 h" },
  { name: "a clock that went back", seconds: -5, says: "0.0 s" },
])("how long a stage took: $name", ({ seconds, says }) => {
  const at = (offset: number) => new Date(START + offset * 1000).toISOString();
  expect(duration({ enteredAt: at(0), doneAt: at(seconds) })).toBe(says);
});

test("a stage that is not done took no time yet", () => {
  expect(duration({ enteredAt: "2026-11-23T08:00:00.000Z" })).toBe("–");
  expect(duration({})).toBe("–");
});
