/** The program that is installed, `bin/farrier.js`: which commands begin anew with one arena of memory for all threads. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Stands in for the built program, and says in what kind of process it is. */
const MAIN = `export const main = (words) => {
  const { pid, env: { MALLOC_ARENA_MAX: arenas = "", KEPT: kept }, execArgv: options } = process;
  process.stdout.write(JSON.stringify({ pid, words, arenas, kept, options }));
  process.exitCode = 3;
};`;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "farrier-bin-"));
  for (const folder of ["bin", "dist"]) mkdirSync(join(directory, folder));
  copyFileSync("bin/farrier.js", join(directory, "bin/farrier.js"));
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  writeFileSync(join(directory, "dist/main.js"), MAIN);
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Row {
  readonly words: readonly string[];
  readonly own?: string;
  readonly arenas: string;
}

const ONE = process.platform === "linux" ? "1" : "";
const ROWS: readonly Row[] = [
  { words: ["apply", "rotation", "--yes"], arenas: ONE },
  { words: ["--config", "farrier.yaml", "rollback", "rotation"], arenas: ONE },
  { words: ["refresh", "paris"], arenas: ONE },
  { words: ["sandbox", "--clusters", "2"], arenas: ONE },
  { words: ["apply", "rotation"], own: "4", arenas: "4" },
  { words: ["plan", "--out", "rotation"], arenas: "" },
  { words: [], arenas: "" },
];

test.each(ROWS)("farrier $words (own setting: $own) runs as the process that was started", async (row) => {
  const env = { PATH: process.env.PATH, KEPT: "a b", ...(row.own === undefined ? {} : { MALLOC_ARENA_MAX: row.own }) };
  const program = ["--no-warnings", join(directory, "bin/farrier.js"), ...row.words];
  const child = spawn(process.execPath, program, { env, stdio: ["ignore", "pipe", "inherit"] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const { pid, ...rest } = JSON.parse(said);
  expect(pid).toBe(child.pid);
  expect(rest).toEqual({ words: row.words, arenas: row.arenas, kept: "a b", options: ["--no-warnings"] });
  expect(code).toBe(3);
});
