import { expect, test } from "vitest";
import { spell, spellRoughly } from "./time.ts";

const rows = [
  { name: "nothing", seconds: 0, said: "0 s" },
  { name: "rounds", seconds: 44.6, said: "45 s" },
  { name: "full minute", seconds: 60, said: "1 min" },
  { name: "minutes and seconds", seconds: 200, said: "3 min 20 s" },
  { name: "hours drop seconds", seconds: 7_505, said: "2 h 5 min" },
  { name: "half a second more", seconds: 59.5, said: "1 min" },
  { name: "a full hour and some seconds", seconds: 3_605, said: "1 h" },
  { name: "a full day", seconds: 86_400, said: "1 d" },
  { name: "a day and some minutes", seconds: 86_400 + 3_599, said: "1 d" },
  { name: "days", seconds: 3 * 86_400 + 4 * 3_600 + 59, said: "3 d 4 h" },
  { name: "a clock that went back", seconds: -5, said: "0 s" },
];

test.each(rows)("a duration reads well: $name", ({ seconds, said }) => {
  expect(spell(seconds)).toBe(said);
});

test.each([
  { name: "seconds stay", seconds: 45, said: "45 s" },
  { name: "minutes are not told to the second", seconds: 121, said: "3 min" },
  { name: "and a full one stays", seconds: 120, said: "2 min" },
  { name: "the first minute is one", seconds: 60, said: "1 min" },
  { name: "a second more is two", seconds: 61, said: "2 min" },
  { name: "hours", seconds: 4_201, said: "1 h 11 min" },
])("an estimate promises no more than it knows: $name", ({ seconds, said }) => {
  expect(spellRoughly(seconds)).toBe(said);
});
