/** `farrier backup --container`: saves, encrypted, all data of a Rancher that runs in a single container. */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { ContainerBackupMade } from "../execute/container-backup.ts";
import type { EngineChoice } from "../execute/rancher-container.ts";
import type { RancherContainer } from "../rancher/single-container.ts";
import { confirm } from "./confirm.ts";
import { withContainer } from "./container-engine.ts";
import { connectionFlags } from "./estate-access.ts";
import { listenForInterruption } from "./interruption.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { loadSettings } from "./settings.ts";

type Options = Readonly<Record<string, unknown>>;

/** Exit 4 when the person did not let it be stopped. */
export async function runContainerBackup(name: string, options: Options): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  return await withContainer(name, options, async (choice) => {
    const { renderContainerBackup, renderSkipped } = await import("./render/container-backup.ts");
    if (options.hostDirectoryCovered === true) {
      const skipped = skippedBecause(choice.container);
      await printResult(format, skipped, () => renderSkipped(skipped.skipped));
      return EXIT.done;
    }
    const made = await make(choice, options);
    if (made === undefined) return EXIT.held;
    const { backup, owner, notStarted } = made;
    await printResult(format, backup, () => renderContainerBackup(backup));
    if (owner?.created === true) {
      process.stderr.write(`Made an age identity, which opens this backup: keep ${owner.path}.\n`);
    }
    const out = String(options.out);
    process.stderr.write(`\nWritten to ${resolve(out)}. Put it back with: farrier restore ${commandWord(out)}\n`);
    if (notStarted !== undefined) throw notStarted;
    return EXIT.done;
  });
}

async function make({ engine, container }: EngineChoice, options: Options): Promise<ContainerBackupMade | undefined> {
  const { backUpContainer, refuseExisting } = await import("../execute/container-backup.ts");
  const directory = resolve(String(options.out));
  refuseExisting(directory);
  const hot = options.hot === true;
  if (!hot && container.running && !(await confirm(stopQuestion(container), options))) {
    process.stderr.write("Nothing was stopped, and nothing was copied. --hot copies while it runs.\n");
    return undefined;
  }
  const settings = await loadSettings(connectionFlags(options));
  const interruption = listenForInterruption(() => process.stderr.write("Giving the copy up.\n"));
  try {
    process.stderr.write(beginning(container, hot));
    return await backUpContainer({
      engine,
      container,
      directory,
      hot,
      identity: settings.identityFile === undefined ? {} : { identityFile: settings.identityFile },
      ...(settings.recipients === undefined ? {} : { recipients: settings.recipients }),
      now: new Date(),
      signal: interruption.stop,
    });
  } finally {
    interruption.release();
  }
}

function stopQuestion({ name }: RancherContainer): string {
  return `Stop container ${name} while its data is copied? Every cluster's tunnel drops until it runs again.`;
}

function beginning({ name, running }: RancherContainer, hot: boolean): string {
  if (hot && running) return `Copying while ${name} runs: a copy of a database that runs may not be consistent.\n`;
  if (!running) return `Copying; ${name} does not run, and is left so.\n`;
  return `Stopping ${name} for the copy; every cluster's tunnel drops until it runs again.\n`;
}

/** @throws FarrierError `input.invalid` when nothing that a person could have covered holds the data */
function skippedBecause({ name, data }: RancherContainer): { readonly container: string; readonly skipped: string } {
  if (data.kind === "host-directory") {
    return { container: name, skipped: `its data is the host's directory ${data.path}, which is said to be covered` };
  }
  throw new FarrierError(
    "input.invalid",
    `The data of container ${name} is in the engine's volume ${data.name.slice(0, 12)}, not in a directory of the host.`,
    { hint: "Leave --host-directory-covered out: the data is backed up then." },
  );
}
