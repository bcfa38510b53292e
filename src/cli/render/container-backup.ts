import type { ContainerBackup } from "../../execute/container-backup.ts";
import { renderTable } from "./table.ts";

/** What was copied, and that it was read again. */
export function renderContainerBackup(backup: ContainerBackup): string {
  const { files, bytes } = backup.data;
  const rows = [
    ...describe(backup),
    ["data", amount(files, bytes)],
    ["archive", `${backup.sealed.file}, ${readable(backup.sealed.bytes)}, encrypted`],
    ["SHA-256", backup.sealed.sha256],
    ["verified", "decrypted, and read from its beginning to its end"],
  ];
  return renderTable(["BACKUP", ""], rows);
}

export function renderSkipped(reason: string): string {
  return `Not backed up: ${reason}.\n`;
}

/** What a restore would put where; `newer` when that was in use since. */
export function renderContainerRestore(
  backup: ContainerBackup,
  { name, newer }: { readonly name: string; readonly newer: boolean },
): string {
  const { files, bytes, directory } = backup.data;
  const rows = [...describe(backup), ["made", backup.madeAt], ["data", amount(files, bytes)]];
  const into = `All of ${directory} in container ${name} would be replaced by it.\n`;
  const lost = `${name} ran since the backup was made: what it has written since would be lost.\n`;
  return `${renderTable(["BACKUP", ""], rows)}\n${into}${newer ? lost : ""}`;
}

function describe({ container, copy }: ContainerBackup): string[][] {
  const how = copy === "stopped" ? "it stood still" : "it ran: the copy may not be consistent";
  return [
    ["container", `${container.name} (${container.image})`],
    ["Rancher", container.version],
    ["copied while", how],
  ];
}

function amount(files: number, bytes: number): string {
  return `${files} file${files === 1 ? "" : "s"}, ${readable(bytes)}`;
}

function readable(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const step = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** step;
  return `${step === 0 ? value : value.toFixed(1)} ${units[step]}`;
}
