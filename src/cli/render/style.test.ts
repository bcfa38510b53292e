import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { terminalOf } from "../../../test/helpers/terminal.ts";
import { disableColor, paint } from "./style.ts";

beforeEach(() => {
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.stubEnv("NO_COLOR", undefined);
  vi.stubEnv("CI", undefined);
  vi.stubEnv("TERM", "xterm-256color");
});
afterEach(() => vi.unstubAllEnvs());

const tty = terminalOf(80, 24).stream;
const pipe = terminalOf(80, 24, false).stream;

test("a terminal gets colour, by meaning", () => {
  expect(paint("bad", "no", tty)).toBe("\u001b[31mno\u001b[39m");
  expect(paint("good", "yes", tty)).toBe("\u001b[32myes\u001b[39m");
});

test("a pipe gets none", () => {
  expect(paint("bad", "no", pipe)).toBe("no");
});

test("NO_COLOR is heeded whatever the terminal can", () => {
  vi.stubEnv("NO_COLOR", "1");
  expect(paint("bad", "no", tty)).toBe("no");
});

test("--no-color counts for everything that is printed afterwards, on every stream", () => {
  vi.stubEnv("FORCE_COLOR", "1");
  disableColor();
  expect([paint("bad", "no", tty), paint("strong", "no", pipe), paint("good", "yes")]).toEqual(["no", "no", "yes"]);
});
