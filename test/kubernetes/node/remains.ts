/** What a real node leaves on the machine beside its own processes, found by the node's directory alone. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, readlink, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { restoreTunables, type Tunables, tunables } from "./tunables.ts";

/** In containerd, and the cgroup of all containers: the same for every kubelet. */
const NAMESPACE = "k8s.io";

/** Where containerd keeps a directory for each container that runs, in the node's own. */
const TASKS = `state/io.containerd.runtime.v2.task/${NAMESPACE}`;

const CGROUPS = "/sys/fs/cgroup";

/** The kubelet puts links to logs there, whatever it is told. */
const LOG_LINKS = "/var/log/containers";

/** The kubelet listens there for plug-ins, whatever it is told; the last one that started has it. */
const PLUGIN_SOCKET = "/var/lib/kubelet/device-plugins/kubelet.sock";

/** What containerd and the kubelet make outside of the node's directory; others may have something in them. */
const DIRECTORIES_ELSEWHERE = [
  LOG_LINKS,
  dirname(PLUGIN_SOCKET),
  dirname(dirname(PLUGIN_SOCKET)),
  "/run/containerd/fifo",
  "/run/containerd/s",
  "/run/containerd",
];

/** How often it is looked whether a killed process is gone, in wall milliseconds. */
const LOOK_MS = 20;

const DIRECTORIES = join(tmpdir(), "farrier-kubelet-");

/** The process that a node's directory belongs to. */
const OWNER = "owner";

/** What the kernel's settings were before there was any node. */
const TUNABLES = "tunables.json";

/** For one node of this process. */
export async function makeDirectory(): Promise<string> {
  const before = await tunablesWithoutNodes();
  const directory = await mkdtemp(DIRECTORIES);
  await writeFile(join(directory, TUNABLES), JSON.stringify(before));
  await writeFile(join(directory, OWNER), String(process.pid));
  return directory;
}

/** The kernel's settings as they are when no node runs; each kubelet changes them, and the last one puts them back. */
export async function tunablesWithoutNodes(): Promise<Tunables> {
  const [kept] = await keptTunables();
  return kept ?? (await tunables());
}

/** Of every node that there is. */
async function keptTunables(): Promise<readonly Tunables[]> {
  return (await Promise.all((await nodeDirectories()).map(readTunables))).filter((kept) => kept !== undefined);
}

async function readTunables(directory: string): Promise<Tunables | undefined> {
  const text = await readFile(join(directory, TUNABLES), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

async function nodeDirectories(): Promise<string[]> {
  const names = await entriesOf(dirname(DIRECTORIES));
  return names.filter((name) => name.startsWith(basename(DIRECTORIES))).map((name) => join(dirname(DIRECTORIES), name));
}

/** Nodes whose owner was killed before it could stop them. */
export async function clearAbandoned(): Promise<void> {
  for (const directory of await nodeDirectories()) {
    const owner = await readFile(join(directory, OWNER), "utf8").catch(() => undefined);
    if (owner !== undefined && (await processCalled(owner)) === undefined) await clearNode(directory);
  }
}

/** Kills the containers, unmounts what was mounted, and removes the directory and all that was made for it elsewhere. */
export async function clearNode(directory: string): Promise<void> {
  const processes = await processesOf(directory);
  for (const { id } of processes) kill(id);
  while ((await processesOf(directory, processes)).length > 0) await delay(LOOK_MS);
  const containers = await entriesOf(join(directory, TASKS));
  for (const mount of (await mountsUnder(directory)).reverse()) await promisify(execFile)("umount", [mount]);
  for (const container of containers) {
    await removeCgroups(container);
    const address = await readFile(join(directory, TASKS, container, "address"), "utf8").catch(() => "");
    if (address.startsWith("unix:///")) await rm(address.slice("unix://".length), { force: true });
  }
  await removeCgroups("");
  for (const name of await entriesOf(LOG_LINKS)) {
    const link = join(LOG_LINKS, name);
    if ((await readlink(link).catch(() => "")).startsWith(directory)) await rm(link);
  }
  const before = await readTunables(directory);
  await rm(directory, { recursive: true, force: true });
  if ((await keptTunables()).length > 0) return;
  if (before !== undefined) await restoreTunables(before);
  await rm(PLUGIN_SOCKET, { force: true });
  for (const each of DIRECTORIES_ELSEWHERE) await rmdir(each).catch(() => {});
}

/** What of a node is left on the machine: processes, mounts, links and its directory. */
export async function remainsOf(directory: string): Promise<readonly string[]> {
  const links = await Promise.all(
    (await entriesOf(LOG_LINKS)).map((name) => readlink(join(LOG_LINKS, name)).catch(() => "")),
  );
  return [
    ...(await processesOf(directory)).map(({ command }) => command),
    ...(await mountsUnder(directory)),
    ...links.filter((target) => target.startsWith(directory)),
    ...(existsSync(directory) ? [directory] : []),
  ];
}

interface FoundProcess {
  readonly id: number;
  readonly parent: number;
  readonly command: string;
}

/**
 * Processes that name the directory in their command line, such as containerd's shims, and all that they have started.
 * @param among only these are looked at, by their IDs
 */
async function processesOf(directory: string, among?: readonly FoundProcess[]): Promise<readonly FoundProcess[]> {
  const ids = among?.map(({ id }) => String(id)) ?? (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = (await Promise.all(ids.map(processCalled))).flatMap((each) => each ?? []);
  if (among !== undefined) return found;
  const ours = new Map(found.filter(({ command }) => command.includes(directory)).map((each) => [each.id, each]));
  for (let before = -1; before < ours.size; ) {
    before = ours.size;
    for (const each of found) if (ours.has(each.parent)) ours.set(each.id, each);
  }
  return [...ours.values()];
}

/** @returns undefined when it has ended, waited for or not */
async function processCalled(id: string): Promise<FoundProcess | undefined> {
  try {
    const [command, stat] = await Promise.all([
      readFile(`/proc/${id}/cmdline`, "utf8"),
      readFile(`/proc/${id}/stat`, "utf8"),
    ]);
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    return { id: Number(id), parent: Number(parent), command: command.replaceAll("\0", " ").trim() };
  } catch {
    return undefined;
  }
}

function kill(id: number): void {
  try {
    process.kill(id, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** In the order in which they were mounted. */
async function mountsUnder(directory: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.flatMap((line) => line.split(" ")[4] ?? []).filter((path) => path.startsWith(`${directory}/`));
}

/** One in each hierarchy. @param container without one, that of all containers, if there are none left in it */
async function removeCgroups(container: string): Promise<void> {
  for (const place of [CGROUPS, ...(await entriesOf(CGROUPS)).map((hierarchy) => join(CGROUPS, hierarchy))]) {
    await rmdir(join(place, NAMESPACE, container)).catch(() => {});
  }
}

async function entriesOf(directory: string): Promise<readonly string[]> {
  return await readdir(directory).catch(() => []);
}
