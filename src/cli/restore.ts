/** `farrier restore`: shows what putting a backup back would change, asks, and puts it back. */
import { resolve } from "node:path";
import type { Compared } from "../backup/restore.ts";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { Comparison } from "../execute/restore.ts";
import type { World } from "../observe/world.ts";
import { findCluster } from "./cluster-name.ts";
import { confirm } from "./confirm.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Exit 4 when objects that are newer than the backup, or clusters that do not answer, were left as they are. */
export async function runRestore(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  const { findContainerBackup } = await import("../execute/container-restore.ts");
  const { ESTATE_BACKUP_FILE } = await import("../execute/rotation.ts");
  // A rotation has saved objects as well: its copy of a container is meant where one is named.
  const ofRotation = options.container === undefined ? undefined : ESTATE_BACKUP_FILE;
  const ofContainer =
    (await findContainerBackup(directory)) ??
    (ofRotation === undefined ? undefined : await findContainerBackup(directory, ofRotation));
  if (ofContainer !== undefined) {
    refuseFlags("a container's data", options, OF_OBJECTS.concat(OF_SNAPSHOT));
    const { runContainerRestore } = await import("./restore-container.ts");
    return await runContainerRestore(directory, ofContainer, options);
  }
  const { findSnapshotBackup } = await import("../execute/snapshot-backup.ts");
  const ofSnapshot = await findSnapshotBackup(directory);
  if (ofSnapshot !== undefined) {
    refuseFlags("a snapshot of etcd", options, OF_OBJECTS.concat(OF_CONTAINER, OF_ENGINE));
    const { runSnapshotRestore } = await import("./backup-snapshot.ts");
    return await runSnapshotRestore(directory, ofSnapshot, options);
  }
  refuseFlags("objects", options, OF_SNAPSHOT.concat(OF_CONTAINER));
  return await withWorld(
    options,
    async (world, settings) => {
      const { openBackup } = await import("../execute/estate-backup.ts");
      const { compareBackup } = await import("../execute/restore.ts");
      const identity = settings.identityFile === undefined ? {} : { identityFile: settings.identityFile };
      const backup = await openBackup(directory, identity);
      const cluster = typeof options.cluster === "string" ? await idOf(world, options.cluster) : undefined;
      const comparison = await compareBackup(world, backup, cluster);
      const newer = options.overwriteNewer === true;
      const chosen = comparison.compared.filter(({ difference }) => isChosen(difference.kind, newer));
      const { renderComparison } = await import("./render/restore.ts");
      await printResult(format, resultOf(comparison, chosen), () => renderComparison(comparison, { newer }));
      if (options.diff === true) return EXIT.done;
      return await carryOut(world, { comparison, chosen, options });
    },
    { mayBeContainer: true },
  );
}

type Flags = readonly (readonly [option: string, flag: string])[];
const OF_OBJECTS: Flags = [["cluster", "--cluster"]];
const OF_SNAPSHOT: Flags = [["to", "--to"]];
const OF_CONTAINER: Flags = [["container", "--container"]];
/** Objects may be put back through a container. */
const OF_ENGINE: Flags = [
  ["engineSocket", "--engine-socket"],
  ["sshConfig", "--ssh-config"],
];

/** A flag that means nothing for this backup would pass for something done. @throws FarrierError `input.usage` */
function refuseFlags(holds: string, options: Readonly<Record<string, unknown>>, flags: Flags): void {
  const found = flags.find(([option]) => options[option] !== undefined);
  if (found === undefined) return;
  throw new FarrierError("input.usage", `${found[1]} is for another kind of backup: this one holds ${holds}.`, {
    hint: "farrier restore BACKUP --diff shows what it holds.",
  });
}

function isChosen(kind: Compared["difference"]["kind"], newer: boolean): boolean {
  return kind === "missing" || (kind === "changed" && newer);
}

interface Choice {
  readonly comparison: Comparison;
  readonly chosen: readonly Compared[];
  readonly options: Readonly<Record<string, unknown>>;
}

async function carryOut(world: World, { comparison, chosen, options }: Choice): Promise<ExitCode> {
  const changed = comparison.compared.filter(({ difference }) => difference.kind === "changed");
  const complete = comparison.unreachable.length === 0 && changed.every((one) => chosen.includes(one));
  if (chosen.length > 0) {
    if (!(await confirm(`Put back ${chosen.length === 1 ? "1 object" : `${chosen.length} objects`}?`, options))) {
      process.stderr.write("Nothing was changed.\n");
      return EXIT.held;
    }
    const { restoreObjects } = await import("../execute/restore.ts");
    await restoreObjects(world, chosen);
    process.stderr.write(`Put back ${chosen.length === 1 ? "1 object" : `${chosen.length} objects`}.\n`);
  }
  return complete ? EXIT.done : EXIT.held;
}

async function idOf(world: World, said: string): Promise<string> {
  const { listManagementClusters } = await import("../rancher/management-cluster.ts");
  return findCluster(said, await listManagementClusters(world.management)).id;
}

function resultOf({ compared, unreachable }: Comparison, chosen: readonly Compared[]): object {
  const objects = compared.map((one) => {
    const { cluster, resource, kind, object } = one.saved;
    return {
      cluster,
      kind,
      group: resource.group,
      ...(resource.namespace === undefined ? {} : { namespace: resource.namespace }),
      name: object.metadata.name,
      difference: one.difference,
      putBack: chosen.includes(one),
    };
  });
  return { objects, unreachable };
}
