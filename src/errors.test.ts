import { describe, expect, test } from "vitest";
import { CONNECTION_ERRORS } from "./errors/connections.ts";
import { INPUT_ERRORS } from "./errors/input.ts";
import { PROGRAM_ERRORS } from "./errors/programs.ts";
import { ROTATION_ERRORS } from "./errors/rotations.ts";
import { ERRORS, FarrierError } from "./errors.ts";

describe("the catalogue of errors", () => {
  test("no code is in two of its parts, where one would hide the other", () => {
    const parts = [CONNECTION_ERRORS, INPUT_ERRORS, PROGRAM_ERRORS, ROTATION_ERRORS];
    const codes = parts.flatMap((part) => Object.keys(part));
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
    expect(Object.keys(ERRORS).toSorted()).toEqual(codes.toSorted());
  });

  test.each(Object.entries(ERRORS))("%s: a dotted code, an exit code, a meaning and a hint", (code, entry) => {
    expect(code).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/);
    expect([1, 2, 3, 4, 5, 6]).toContain(entry.exit);
    expect(entry.meaning).toMatch(/^[A-Za-z].*\.$/s);
    expect(entry.hint).toMatch(/^[A-Za-z][^\n]*\S$/);
  });
});

describe("an error", () => {
  test("has the catalogue's hint and exit code unless the thrower knows a better hint", () => {
    const held = new FarrierError("lock.held", "Another holds the lock.");
    expect(held).toMatchObject({ code: "lock.held", message: "Another holds the lock.", exitCode: 6 });
    expect(held.hint).toBe(ERRORS["lock.held"].hint);
    expect(new FarrierError("plan.stale", "It has changed.", { hint: "Plan again." })).toMatchObject({
      hint: "Plan again.",
      exitCode: 5,
    });
  });

  test("keeps what it was caused by for the one who debugs, and out of its sentence", () => {
    const cause = new Error("inner");
    const error = new FarrierError("internal.unexpected", "Something went wrong.", { cause });
    expect(error.cause).toBe(cause);
    expect(error.message).toBe("Something went wrong.");
  });
});
