import { describe, expect, onTestFinished, test, vi } from "vitest";
import { terminalOf } from "../../../test/helpers/terminal.ts";
import { legible, oneLine, plainLine } from "./legible.ts";
import { type Meaning, paint } from "./style.ts";

describe("text from outside cannot steer the terminal", () => {
  test.each([
    { name: "letters of any script", text: "北京 – Zürich", shown: "北京 – Zürich" },
    {
      name: "our own colours and line ends",
      text: "\u001b[32myes\u001b[39m\nno",
      shown: "\u001b[32myes\u001b[39m\nno",
    },
    { name: "hiding what follows", text: "a\u001b[8mb\u001b[0m", shown: "a\ufffd[8mb\ufffd[0m" },
    { name: "black on black", text: "a\u001b[30;40mb", shown: "a\ufffd[30;40mb" },
    { name: "clearing the screen", text: "a\u001b[2Jb", shown: "a\ufffd[2Jb" },
    { name: "moving up", text: "a\u001b[3Ab", shown: "a\ufffd[3Ab" },
    { name: "setting the title", text: "\u001b]0;evil\u0007", shown: "\ufffd]0;evil\ufffd" },
    { name: "overwriting the line", text: "refused\rallowed", shown: "refused\ufffdallowed" },
    { name: "eight-bit controls", text: "a\u009b2Jb", shown: "a\ufffd2Jb" },
    { name: "writing from right to left", text: "a\u202eb", shown: "a\ufffdb" },
    { name: "tabs, which scripts may need", text: "a\tb", shown: "a\tb" },
  ])("$name", ({ text, shown }) => {
    expect(legible(text)).toBe(shown);
  });
});

const meanings: readonly Meaning[] = ["good", "bad", "attention", "quiet", "strong", "accent"];
test.each(meanings)("what is painted as %s stays so", (meaning) => {
  for (const name of ["NO_COLOR", "CI"]) vi.stubEnv(name, undefined);
  vi.stubEnv("TERM", "xterm-256color");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const painted = paint(meaning, "text", terminalOf(80, 24).stream);
  expect(painted).not.toBe("text");
  expect(legible(painted)).toBe(painted);
});

test("several lines become one where only one has room", () => {
  expect(oneLine("first\r\n  second\n\nthird\tfourth")).toBe("first second third fourth");
});

test("what is not ours is shown without colours: none of it can be made invisible", () => {
  expect(plainLine("a\u001b[8m refused\u001b[0m\r\n\tb")).toBe("a\ufffd[8m refused\ufffd[0m b");
});
