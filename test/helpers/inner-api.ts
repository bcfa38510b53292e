/**
 * The management cluster's API of a Rancher in a single container, where real installs have it: at port 6443 of the
 * container's own loopback. Nothing outside of the container's network reaches that; what serves there hands each
 * connection to the simulated API server through a Unix socket.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { must } from "../sandbox/estate.ts";
import type { EngineLab } from "./container-engine.ts";

/** Runs with the container's network and this machine's files, and ends with the test run, however that ends. */
const SERVE = `const { connect, createServer } = require("node:net");
let starting = Number(process.argv[2]);
process.stdin.on("end", () => process.exit()).resume();
createServer((from) => {
  if (starting-- > 0) return from.destroy();
  const to = connect(process.argv[1]);
  from.on("error", () => to.destroy()).on("close", () => to.destroy());
  to.on("error", () => from.destroy()).on("close", () => from.destroy());
  from.pipe(to).pipe(from);
}).listen(6443, "127.0.0.1", () => process.stdout.write("serves"));`;

/** Whether a process can be put into a container's network here. */
export function missingForInnerApi(): string {
  return spawnSync("nsenter", ["--version"]).status === 0 ? "" : "nsenter (util-linux) not installed";
}

export interface InnerApi {
  /**
   * Serves in a container that runs, until `silence`.
   * @param starting so many connections are broken first, as by a server that still starts
   */
  serve(starting?: number): Promise<void>;
  silence(): Promise<void>;
  stop(): Promise<void>;
}

interface InnerApiOptions {
  /** The container. */
  readonly name: string;
  /** Of the simulated API server. */
  readonly kubeconfig: string;
  /** Where the container has its kubeconfig; absent where it has none. */
  readonly path?: string;
}

export async function giveInnerApi(lab: EngineLab, options: InnerApiOptions): Promise<InnerApi> {
  const { name, kubeconfig, path } = options;
  const [, server = "", port = ""] = must(/server: (https:\/\/127\.0\.0\.1:(\d+))/.exec(kubeconfig) ?? undefined);
  if (path !== undefined) {
    const inner = kubeconfig.replace(server, "https://127.0.0.1:6443");
    const file = join(lab.folder, "kubeconfig-inside");
    await writeFile(file, inner, { mode: 0o600 });
    await lab.podman("exec", name, "mkdir", "-p", path.slice(0, path.lastIndexOf("/")));
    await lab.podman("cp", file, `${name}:${path}`);
    rmSync(file);
  }
  const socket = join(lab.folder, `${name}-api.sock`);
  if (existsSync(socket)) rmSync(socket);
  const behind = createServer((from) => {
    const to = connect(Number(port), "127.0.0.1");
    from.on("error", () => to.destroy()).on("close", () => to.destroy());
    to.on("error", () => from.destroy()).on("close", () => from.destroy());
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => behind.listen(socket, resolve));
  let serving: ChildProcess | undefined;
  const silence = async (): Promise<void> => {
    if (serving === undefined) return;
    const ending = serving;
    serving = undefined;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    await new Promise((resolve) => ending.once("exit", resolve).kill("SIGKILL"));
  };
  return {
    serve: async (starting = 0) => {
      await silence();
      const pid = (await lab.podman("inspect", "--format", "{{.State.Pid}}", name)).trim();
      const serve = [process.execPath, "-e", SERVE, socket, String(starting)];
      const child = spawn("nsenter", [`--net=/proc/${pid}/ns/net`, ...serve]);
      serving = child;
      await new Promise<void>((resolve, reject) => {
        child.stdout.once("data", () => resolve());
        child.once("exit", (code) => reject(new Error(`nothing serves in the container: exit code ${code}`)));
      });
    },
    silence,
    stop: async () => {
      await silence();
      await promisify(behind.close.bind(behind))().catch(() => {});
    },
  };
}
