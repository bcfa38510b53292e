/** `farrier backup --etcd-snapshot`, and `farrier restore --to` of what it made. */
import { resolve } from "node:path";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { SnapshotBackup } from "../execute/snapshot-backup.ts";
import { connectionFlags } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { loadSettings } from "./settings.ts";

type Options = Readonly<Record<string, unknown>>;

/** Exit 0 also without etcdutl: etcd's own checksum was verified, and what was left out is said. */
export async function runSnapshotBackup(snapshot: string, options: Options): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  if (options.container !== undefined) {
    throw new FarrierError("input.usage", "--etcd-snapshot and --container are two different backups.", {
      hint: "Make one after the other, each with its own --out.",
    });
  }
  const { backUpSnapshot } = await import("../execute/snapshot-backup.ts");
  const settings = await loadSettings(connectionFlags(options));
  const out = String(options.out);
  const { backup, owner } = await backUpSnapshot({
    snapshot: resolve(snapshot),
    directory: resolve(out),
    identity: settings.identityFile === undefined ? {} : { identityFile: settings.identityFile },
    ...(settings.recipients === undefined ? {} : { recipients: settings.recipients }),
    now: new Date(),
  });
  const { renderSnapshotBackup } = await import("./render/snapshot-backup.ts");
  await printResult(format, backup, () => renderSnapshotBackup(backup));
  if (owner?.created === true) {
    process.stderr.write(`Made an age identity, which opens this backup: keep ${owner.path}.\n`);
  }
  process.stderr.write(`\nWritten to ${resolve(out)}. ${snapshot} is still there, readable: remove it if you wish.\n`);
  return EXIT.done;
}

/** @throws FarrierError `input.usage` without `--to` */
export async function runSnapshotRestore(
  directory: string,
  backup: SnapshotBackup,
  options: Options,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const { renderSnapshotBackup, HOW_TO_RESTORE } = await import("./render/snapshot-backup.ts");
  if (options.diff === true) {
    await printResult(format, backup, () => renderSnapshotBackup(backup));
    return EXIT.done;
  }
  if (typeof options.to !== "string") {
    throw new FarrierError("input.usage", `${directory} holds a snapshot of etcd: name a file for it with --to.`, {
      hint: "What etcd is run by puts it back; Farrier says how when it has written the file.",
    });
  }
  const { takeOutSnapshot } = await import("../execute/snapshot-backup.ts");
  const { identityFile } = await loadSettings(connectionFlags(options));
  const to = resolve(options.to);
  await takeOutSnapshot(directory, backup, { to, identity: identityFile === undefined ? {} : { identityFile } });
  await printResult(format, { ...backup, writtenTo: to }, () => renderSnapshotBackup(backup));
  process.stderr.write(`\nWritten to ${to}. It holds every secret of the cluster.\n${HOW_TO_RESTORE(to)}`);
  return EXIT.done;
}
