/** Settings of the machine's kernel that a kubelet changes when it starts (pkg/kubelet/cm, `setupKernelTunables`). */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const NAMES = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

/** Values by name. */
export type Tunables = Readonly<Record<string, string>>;

/** As they are now. */
export async function tunables(): Promise<Tunables> {
  const values = await Promise.all(NAMES.map((name) => readFile(pathOf(name), "utf8").catch(() => "")));
  return Object.fromEntries(NAMES.map((name, index) => [name, values[index]?.trim() ?? ""]));
}

/** Writes what is another now. A machine that forbids it has not let the kubelet change it either. */
export async function restoreTunables(before: Tunables): Promise<void> {
  const now = await tunables();
  for (const [name, value] of Object.entries(before)) {
    if (value !== "" && now[name] !== value) await writeFile(pathOf(name), value);
  }
}

function pathOf(name: string): string {
  return join("/proc/sys", name);
}
