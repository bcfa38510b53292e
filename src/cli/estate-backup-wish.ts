/** The estate's own backup that `farrier.yaml` asks for: whether it can be made. */
import type { RkeWish, ServerWish } from "../observe/snapshot-place.ts";
import type { World } from "../observe/world.ts";
import { type BackupDecision, decideBackup, decideOther } from "../plan/estate-backup.ts";
import type { SshTarget } from "../remote/ssh.ts";
import type { EstateBackupSettings } from "./estate-backup-settings.ts";
import { defined, type Settings } from "./settings.ts";

/** Nothing is looked at when nothing is asked for. @param choice whether a person goes on without */
export async function decideEstateBackup(
  world: World,
  { estateBackup }: Settings,
  choice: { readonly without: boolean },
): Promise<BackupDecision> {
  if (estateBackup === undefined) return { findings: [] };
  const { operator, container, clusterObject } = estateBackup;
  if (operator !== undefined) {
    const { observeBackupOperator } = await import("../observe/backup-operator.ts");
    return decideBackup(
      operator,
      await observeBackupOperator(world.management, operator.encryptionConfigSecret),
      choice,
    );
  }
  if (container !== undefined) {
    const { observeContainerPlace } = await import("../execute/container-place.ts");
    const { readSetting } = await import("../rancher/settings.ts");
    const { name, ...more } = container;
    const version = (await readSetting(world.management, "server-version"))?.effective ?? "";
    const known = { version, through: world.managementContainer };
    return decideOther(await observeContainerPlace({ name, ...defined(more) }, known), choice);
  }
  if (clusterObject !== undefined) {
    const { observeClusterObjectPlace } = await import("../observe/cluster-object-place.ts");
    const { cluster, kubeconfig, ...more } = clusterObject;
    const wanted = { cluster, kubeconfig, ...defined(more) };
    return decideOther(await observeClusterObjectPlace(world.management, wanted), choice);
  }
  const wish = snapshotWish(estateBackup);
  if (wish === undefined) return { findings: [] };
  const { observeSnapshotPlace } = await import("../observe/snapshot-place.ts");
  return decideOther(await observeSnapshotPlace(wish), choice);
}

function snapshotWish({ rke, rke2, k3s }: EstateBackupSettings): RkeWish | ServerWish | undefined {
  if (rke !== undefined) {
    const { clusterFile, program, directory, ...ssh } = rke;
    return { by: "rke", clusterFile, ...defined({ program, directory }), ssh: defined(ssh) };
  }
  const server = rke2 ?? k3s;
  if (server === undefined) return undefined;
  const { program, directory, host, ...node } = server;
  const target: SshTarget = { host, ...defined(node) };
  return { by: rke2 === undefined ? "k3s" : "rke2", node: target, ...defined({ program, directory }) };
}
