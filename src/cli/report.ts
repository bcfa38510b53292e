/** `farrier report`: the evidence as JSON, Markdown and HTML, or the check that the journal is whole. */

import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { World } from "../observe/world.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { paint } from "./render/style.ts";
import type { Settings } from "./settings.ts";

/** Writes `report.json`, `report.md` and `report.html` into the rotation's directory; with `--verify` writes nothing. */
export async function runReport(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  return await withWorld(
    options,
    async (world, settings) => {
      if (options.verify !== true) {
        const report = await write(directory, world, settings);
        const files = ["report.html", "report.md", "report.json"].map((name) => join(directory, name));
        await printResult(format, report, () => `${files.join("\n")}\n`);
        return EXIT.done;
      }
      const verified = await verify(directory, world);
      await printResult(format, verified, () => describe(verified));
      return EXIT.done;
    },
    { mayBeContainer: true },
  );
}

async function write(directory: string, world: World, settings: Settings): Promise<object> {
  const { lookAgain } = await import("./look-again.ts");
  const { refuseLostJournal } = await import("../execute/prepare.ts");
  const { buildReport } = await import("../report/report.ts");
  const { renderHtml } = await import("../report/html.ts");
  const { renderMarkdown } = await import("../report/markdown.ts");
  const { openRotation } = await import("../execute/rotation.ts");
  const applied = await openRotation(directory);
  const { state } = applied;
  if (state === undefined) {
    await refuseLostJournal(applied, world);
    throw new FarrierError("rotation.held", "Nothing of this rotation was applied: there is nothing to report.", {
      hint: `Carry it out first: farrier apply ${commandWord(directory)}`,
    });
  }
  const { rotation, estate } = await lookAgain(directory, world, settings);
  const { plan, journal } = rotation;
  const report = buildReport({
    plan,
    state: rotation.state ?? state,
    estate,
    entries: journal.entries,
    headHash: journal.head.hash,
    now: new Date(),
  });
  await writeReport(join(directory, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  await writeReport(join(directory, "report.md"), renderMarkdown(report));
  await writeReport(join(directory, "report.html"), renderHtml(report));
  return report;
}

async function writeReport(path: string, content: string): Promise<void> {
  const { unwritable } = await import("../backup/private-files.ts");
  await writeFile(path, content).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

interface Verified {
  readonly rotation: string;
  readonly entries: number;
  readonly head: string;
}

/**
 * Reading the journal verifies its chain; the estate holds its head.
 * @throws FarrierError `journal.*` for a broken chain, `journal.head-differs` when the estate knows another head
 */
async function verify(directory: string, world: World): Promise<Verified> {
  const { openRotation } = await import("../execute/rotation.ts");
  const { readLock } = await import("../execute/lock.ts");
  const { plan, journal } = await openRotation(directory);
  const lock = await readLock(world.management, plan.rancher.namespace);
  if (lock === undefined || lock.rotation !== plan.rotation) {
    throw new FarrierError("journal.head-differs", "The estate holds no record of this rotation.", {
      hint: "The journal's own chain is whole, but nothing outside this directory vouches for its end.",
    });
  }
  if (lock.journalHead !== journal.head.hash) {
    throw new FarrierError(
      "journal.head-differs",
      `The journal has ${journal.head.seq} entries; the estate knows of ${lock.journalLength}, with another head.`,
    );
  }
  return { rotation: plan.rotation, entries: journal.entries.length, head: journal.head.hash };
}

function describe({ entries, head }: Verified): string {
  return `${paint("good", "The journal is whole.")} ${entries} entries, each bound to the one before; the estate holds the same head.\n${head}\n`;
}
