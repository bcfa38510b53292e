/** `farrier adopt`: rebuilds a lost or truncated journal from the estate, so that its rotation can go on. */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Adopted } from "../execute/adopt.ts";
import { confirm } from "./confirm.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Writes a new journal and the lock; the estate is otherwise only looked at. */
export async function runAdopt(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  if (!(await confirm("Give up what is left of the journal and begin a new one from the estate?", options))) {
    return EXIT.held;
  }
  return await withWorld(options, async (world) => {
    const { adoptRotation } = await import("../execute/adopt.ts");
    const adopted = await adoptRotation({ directory, world, now: () => new Date() });
    await printResult(
      format,
      adopted,
      () => `${describe(adopted)} Go on with: farrier apply ${commandWord(directory)}\n`,
    );
    return EXIT.done;
  });
}

function describe({ stagesDone, oldJournal }: Adopted): string {
  const last = stagesDone.at(-1);
  const where = last === undefined ? "at its beginning" : `after ${last}`;
  const aside = oldJournal === undefined ? "" : ` What was left of the journal is in ${oldJournal} now.`;
  return `Adopted: the rotation stands ${where}.${aside} Waivers have to be given again.`;
}
