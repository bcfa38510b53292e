/**
 * A real container engine for one test file: Podman with a storage of its own in a temporary folder, its HTTP API on a
 * socket there, and containers that look like Rancher's from outside. What runs in them is a shell.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, statSync, watch } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const BUSYBOX = ["/usr/bin/busybox", "/bin/busybox"].find((path) => existsSync(path)) ?? "";
const BASH = "/bin/bash";
const APPLETS = [
  "sh",
  "cat",
  "chmod",
  "chown",
  "dd",
  "head",
  "ls",
  "mkdir",
  "mv",
  "rm",
  "rmdir",
  "sleep",
  "tar",
  "truncate",
];
/** What every container is started from; it stands in for Rancher's own. */
export const IMAGE = "docker.io/rancher/rancher:v2.15.0";

/** What is missing for these tests on this machine, in words; empty when nothing is. */
export function missingForEngine(): string {
  const answers = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
  const programs = ["podman", "runc"].filter((program) => !answers(program));
  if (BUSYBOX === "") programs.push("busybox-static");
  if (programs.length > 0) return `${programs.join(", ")} not installed`;
  return process.getuid?.() === 0 ? "" : "not run as root";
}

export interface EngineLab {
  /** Temporary; for the test's own files too. */
  readonly folder: string;
  readonly socket: string;
  /** Where the engine keeps images, containers and volumes. */
  readonly storage: string;
  /** Runs `podman <args>` on the same storage, without the API. @returns its output */
  podman(...args: readonly string[]): Promise<string>;
  /** Makes and starts a container of Rancher's image; `script` sets its data up on its first start. */
  rancher(name: string, options?: RancherOptions): Promise<void>;
  /** Runs a shell script in a container's data directory. @returns its output */
  inData(name: string, script: string): Promise<string>;
  /** Another API server on the same storage, to be killed. */
  serve(socket: string): Promise<ChildProcess>;
  stop(): Promise<void>;
}

interface RancherOptions {
  readonly script?: string;
  /** Further flags of `podman run`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const SERVER = { CATTLE_SERVER_VERSION: "v2.15.0", CATTLE_AGENT_IMAGE: "rancher/rancher-agent:v2.15.0" };

/** Where a test run is killed, what it started ends by itself after so long: the API when it is idle, containers always. */
const LONGEST_SECONDS = 900;

/** Each start leaves a line in `starts`; `running` is there only while it runs. */
const program = (script: string): string =>
  [
    "cd /var/lib/rancher",
    `if [ ! -e starts ]; then ${script}; fi`,
    "echo started >> starts",
    "trap 'rm -f running; exit 0' TERM",
    ": > running",
    `n=0; while [ $n -lt ${LONGEST_SECONDS} ]; do n=$((n + 1)); sleep 1 & wait; done`,
  ].join("\n");

export async function startContainerEngine(): Promise<EngineLab> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-engine-"));
  const storage = join(folder, "storage");
  const socket = join(folder, "engine.sock");
  const env = { ...process.env, ...(await configure(folder, storage)) };
  const run = promisify(execFile);
  const podman = async (...args: readonly string[]): Promise<string> =>
    (await run("podman", ["--tmpdir", join(folder, "tmp"), ...args], { env, maxBuffer: 1 << 26 })).stdout;
  const services: ChildProcess[] = [];
  const serve = async (at: string): Promise<ChildProcess> => {
    const args = ["--tmpdir", join(folder, "tmp"), "system", "service", `--time=${LONGEST_SECONDS}`, `unix://${at}`];
    const service = spawn("podman", args, { env, stdio: "ignore" });
    services.push(service);
    await appeared(at);
    return service;
  };
  await podman("import", "--quiet", "--change", "VOLUME /var/lib/rancher", await makeRoot(folder), IMAGE);
  await serve(socket);
  const inData = (name: string, script: string): Promise<string> =>
    podman("exec", name, "sh", "-c", `cd /var/lib/rancher; ${script}`);
  return {
    folder,
    socket,
    storage,
    podman,
    inData,
    serve,
    rancher: async (name, { script = ":", flags = [], environment = SERVER } = {}) => {
      const variables = Object.entries(environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
      await podman("run", "--detach", "--name", name, ...variables, ...flags, IMAGE, "sh", "-c", program(script));
      // The first process of a container is not ended by a signal that it has no trap for yet. One that ends by itself is.
      await inData(name, "until [ -e running ]; do sleep 0.05; done").catch(() => "");
    },
    stop: async () => {
      await podman("rm", "--force", "--all", "--time", "0").catch(() => "");
      for (const service of services) await ended(service);
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    },
  };
}

/** Containers without the limits and networks that a machine for tests may not give. */
async function configure(folder: string, storage: string): Promise<Record<string, string>> {
  const [containers, places] = [join(folder, "containers.conf"), join(folder, "storage.conf")];
  await writeFile(
    containers,
    `[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\nnetns = "none"\n` +
      `[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n`,
  );
  await writeFile(places, `[storage]\ndriver = "vfs"\ngraphroot = "${storage}"\nrunroot = "${join(folder, "run")}"\n`);
  return { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: places };
}

/** A tar of an image's files: shells and what they need. */
async function makeRoot(folder: string): Promise<string> {
  const root = join(folder, "root");
  for (const directory of ["bin", "tmp", "var/lib/rancher"]) await mkdir(join(root, directory), { recursive: true });
  await copyFile(BUSYBOX, join(root, "bin/busybox"));
  for (const applet of APPLETS) await symlink("busybox", join(root, "bin", applet));
  await giveBash(root);
  const archive = join(folder, "root.tar");
  await promisify(execFile)("tar", ["-C", root, "-cf", archive, "."]);
  return archive;
}

/** Every image of Rancher's server has it: its entry point is a bash script. */
async function giveBash(root: string): Promise<void> {
  const { stdout } = await promisify(execFile)("ldd", [BASH]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
  for (const path of libraries) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await copyFile(path, join(root, path));
  }
  await copyFile(BASH, join(root, "bin/bash"));
}

/** Resolves when there is a file of that path. */
export function appeared(path: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!existsSync(path)) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(dirname(path), look);
    look();
  });
}

/** Resolves with the first file of a directory, also one still to come, whose name fits, once it is larger than that. */
export function grown(directory: string, fits: RegExp, bytes: number): Promise<string> {
  return new Promise((resolve) => {
    const watcher = watch(directory, (_, name) => {
      if (name === null || !fits.test(name)) return;
      const path = join(directory, name);
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= bytes) return;
      watcher.close();
      resolve(path);
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
