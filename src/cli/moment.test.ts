import { describe, expect, it } from "vitest";
import { parseMoment } from "./moment.ts";

describe("a moment on the command line", () => {
  const rows: [string, "first" | "last", string][] = [
    ["2027-01-31", "first", "2027-01-31T00:00:00.000Z"],
    ["2027-01-31", "last", "2027-01-31T23:59:59.000Z"],
    ["2028-02-29", "last", "2028-02-29T23:59:59.000Z"],
    ["2027-01-31T12:00:00Z", "last", "2027-01-31T12:00:00.000Z"],
    ["2027-01-31T12:00:00.250Z", "first", "2027-01-31T12:00:00.250Z"],
    ["2027-01-31T00:30:00+02:00", "first", "2027-01-30T22:30:00.000Z"],
    ["2027-01-31T23:30:00-05:00", "first", "2027-02-01T04:30:00.000Z"],
  ];
  it.each(rows)("%s, its %s second, is %s", (text, day, expected) => {
    expect(parseMoment(text, day).toISOString()).toBe(expected);
  });

  it("means the first second of a day by itself", () => {
    expect(parseMoment("2027-01-31").toISOString()).toBe("2027-01-31T00:00:00.000Z");
  });

  const refused = [
    "",
    "tomorrow",
    "2027-02-29",
    "2027-02-30T12:00:00Z",
    "2027-13-01",
    "2027-1-31",
    "31.01.2027",
    "2027-01-31 12:00:00Z",
    "2027-01-31T12:00:00",
    "2027-01-31T12:00Z",
    "2027-01-31T25:00:00Z",
    " 2027-01-31",
    "2027-01-31\n",
    "1798718400",
  ];
  it.each(refused)("%j is none", (text) => {
    expect(() => parseMoment(text)).toThrow(
      expect.objectContaining({ code: "input.invalid", message: `"${text}" is not a time.` }),
    );
  });
});
