import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { commandWord } from "./command-word.ts";

describe("a shell reads the name that was meant", () => {
  const names = [
    "rotation",
    "./a/b-c_1.0",
    "two words",
    "it's",
    'a "b"',
    "$HOME",
    "`id`",
    "a;b&c",
    "*",
    "",
    "Größe",
    "a\nb",
  ];
  it.each(names)("%j", (name) => {
    const { stdout } = spawnSync("sh", ["-c", `printf '<%s>' ${commandWord(name)}`], { encoding: "utf8" });
    expect(stdout).toBe(`<${name}>`);
  });

  it("and a plain one stays as it was said", () => {
    expect(commandWord("/srv/rotation-1/")).toBe("/srv/rotation-1/");
  });
});
