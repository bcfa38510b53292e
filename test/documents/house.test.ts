/** What a newcomer is promised of every file. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const LONGEST = 400;

const CODE = ["bench", "bin", "scripts", "src", "test"]
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)))
  .filter((file) => /\.(ts|mjs|js|go)$/.test(file));

test(`no file of code has more than ${LONGEST} lines`, () => {
  expect(CODE).toContain("src/main.ts");
  const lines = (file: string): number => readFileSync(file, "utf8").split("\n").length - 1;
  expect(CODE.filter((file) => lines(file) > LONGEST)).toEqual([]);
});
