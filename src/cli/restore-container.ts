/** `farrier restore` of a container's backup: proves it, says what would be lost, asks, and puts it back. */
import { EXIT, type ExitCode } from "../errors.ts";
import type { ContainerBackup } from "../execute/container-backup.ts";
import type { EngineChoice } from "../execute/rancher-container.ts";
import { confirm } from "./confirm.ts";
import { withContainer } from "./container-engine.ts";
import { connectionFlags } from "./estate-access.ts";
import { listenForInterruption } from "./interruption.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { loadSettings } from "./settings.ts";

type Options = Readonly<Record<string, unknown>>;

/** Exit 4 when the container ran since the backup and `--overwrite-newer` is missing, or when the person says no. */
export async function runContainerRestore(
  directory: string,
  backup: ContainerBackup,
  options: Options,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const named = typeof options.container === "string" ? options.container : backup.container.name;
  return await withContainer(named, options, async (choice) => {
    const { container } = choice;
    const { proveContainerBackup, refuseOtherVersion } = await import("../execute/container-restore.ts");
    const { identityFile } = await loadSettings(connectionFlags(options));
    refuseOtherVersion(container, backup);
    const vault = await proveContainerBackup(directory, backup, identityFile === undefined ? {} : { identityFile });
    const newer = !container.fresh;
    const { renderContainerRestore } = await import("./render/container-backup.ts");
    const result = { backup, container: { id: container.id, name: container.name }, newer };
    await printResult(format, result, () => renderContainerRestore(backup, { name: container.name, newer }));
    if (options.diff === true) return EXIT.done;
    if (newer && options.overwriteNewer !== true) {
      process.stderr.write("Nothing was changed. --overwrite-newer puts the backup back all the same.\n");
      return EXIT.held;
    }
    return await carryOut(choice, { backup, vault, options });
  });
}

interface Proved {
  readonly backup: ContainerBackup;
  readonly vault: import("../backup/vault.ts").Vault;
  readonly options: Options;
}

async function carryOut({ engine, container }: EngineChoice, { backup, vault, options }: Proved): Promise<ExitCode> {
  const meanwhile = container.running ? " It is stopped meanwhile: every cluster's tunnel drops." : "";
  if (!(await confirm(`Replace the data of container ${container.name}?${meanwhile}`, options))) {
    process.stderr.write("Nothing was changed.\n");
    return EXIT.held;
  }
  const { restoreContainer } = await import("../execute/container-restore.ts");
  const interruption = listenForInterruption(() => process.stderr.write("Putting back what was there.\n"));
  try {
    const notStarted = await restoreContainer({ engine, container, signal: interruption.stop }, backup, vault);
    process.stderr.write(`The data of ${container.name} is that of the backup.\n`);
    if (notStarted !== undefined) throw notStarted;
    if (!container.running)
      process.stderr.write(`It was not running, and is left so: docker start ${container.name}\n`);
    return EXIT.done;
  } finally {
    interruption.release();
  }
}
