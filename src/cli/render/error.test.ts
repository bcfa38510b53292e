import { describe, expect, test } from "vitest";
import { plain, trailingBlanks } from "../../../test/helpers/terminal.ts";
import { ERRORS, FarrierError } from "../../errors.ts";
import { renderError } from "./error.ts";

const linesOf = (error: unknown) => plain(renderError(error)).trimEnd().split("\n");

describe("an error for people", () => {
  test.each([
    {
      name: "the catalogue's hint",
      error: new FarrierError("input.file-empty", "a.pem is empty."),
      hint: ERRORS["input.file-empty"].hint,
    },
    {
      name: "a better one",
      error: new FarrierError("input.file-empty", "a.pem is empty.", { hint: "Look at b.pem." }),
      hint: "Look at b.pem.",
    },
  ])("is one sentence with its code, and $name", ({ error, hint }) => {
    expect(linesOf(error)).toEqual(["error  a.pem is empty.  [input.file-empty]", `hint   ${hint}`]);
    expect(trailingBlanks(renderError(error).trimEnd())).toEqual([]);
  });

  test("whatever caused it is not shown", () => {
    const cause = new Error("password=hunter2");
    const text = renderError(new FarrierError("api.unreachable", "It does not answer.", { cause }));
    expect(text).not.toContain("hunter2");
  });

  test.each([
    { name: "an error", thrown: new TypeError("token abc123"), kind: "TypeError at error.test.ts:" },
    { name: "a text", thrown: "token abc123", kind: "(string)" },
    { name: "nothing", thrown: undefined, kind: "(undefined)" },
  ])("what nobody foresaw is told by its kind and place, never by its message: $name", ({ thrown, kind }) => {
    const text = renderError(thrown);
    expect(text).toContain(kind);
    expect(text).toContain("[internal.unexpected]");
    expect(text).not.toContain("abc123");
    expect(text).not.toMatch(/^\s+at /m);
  });

  test("no part of a message can be made invisible", () => {
    expect(linesOf(new FarrierError("api.refused", "It is\u001b[8m not\u001b[0m safe."))[0]).toContain(
      "It is\ufffd[8m not\ufffd[0m safe.",
    );
  });

  test("a message of several lines becomes one, and cannot steer the terminal", () => {
    const lines = linesOf(new FarrierError("api.refused", "No.\n  Reason: none.\u001b[2J"));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^error {2}No\. Reason: none\.\ufffd\[2J {2}\[api\.refused\]$/);
  });
});
