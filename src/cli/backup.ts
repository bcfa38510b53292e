/** `farrier backup`: saves, encrypted, every object that any procedure may change. */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { refuseContainerFlags } from "./container-engine.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Exit 4 when something could not be saved: the backup is there, and partial. */
export async function runBackup(
  _words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  if (typeof options.etcdSnapshot === "string") {
    const { runSnapshotBackup } = await import("./backup-snapshot.ts");
    return await runSnapshotBackup(options.etcdSnapshot, options);
  }
  if (typeof options.container === "string") {
    const { runContainerBackup } = await import("./backup-container.ts");
    return await runContainerBackup(options.container, options);
  }
  refuseContainerFlags(options);
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(String(options.out));
  const { backup, owner } = await withWorld(
    options,
    async (world, settings) => {
      const { makeBackup } = await import("../execute/estate-backup.ts");
      return await makeBackup({
        directory,
        world,
        identity: settings.identityFile === undefined ? {} : { identityFile: settings.identityFile },
        ...(settings.recipients === undefined ? {} : { recipients: settings.recipients }),
        now: new Date(),
      });
    },
    { mayBeContainer: true },
  );
  const { renderBackup } = await import("./render/backup.ts");
  await printResult(format, backup, () => renderBackup(backup));
  if (owner?.created === true) {
    process.stderr.write(`Made an age identity, which opens this backup: keep ${owner.path}.\n`);
  }
  process.stderr.write(
    `\nWritten to ${directory}. See what has changed since with: farrier restore ${commandWord(String(options.out))} --diff\n`,
  );
  return backup.unsaved.length === 0 ? EXIT.done : EXIT.held;
}
