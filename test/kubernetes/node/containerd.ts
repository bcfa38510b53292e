/** containerd for one node: with an address, images and containers of its own, beside whatever else runs on the machine. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { Program } from "../control-plane/program.ts";
import { PAUSE } from "./agent-image.ts";

/** How long it may take to answer, in wall milliseconds. */
const READY_MS = 60_000;
const LOOK_MS = 50;

export interface Containerd {
  readonly program: Program;
  /** The path of its socket. */
  readonly socket: string;
}

export async function startContainerd(directory: string): Promise<Containerd> {
  const socket = join(directory, "c.sock");
  const config = join(directory, "containerd.toml");
  await writeFile(config, configuration(directory, socket));
  const networks = join(directory, "cni", "conf");
  await mkdir(networks, { recursive: true });
  await writeFile(join(networks, "10-none.conf"), JSON.stringify(NO_NETWORK));
  const program = new Program("containerd", { config }, join(directory, "containerd.log"));
  const until = performance.now() + READY_MS;
  while (!(existsSync(socket) && (await answers(socket)))) {
    if (program.hasEnded || performance.now() > until) {
      await program.stop();
      throw program.failure("did not become ready");
    }
    await delay(LOOK_MS);
  }
  return { program, socket };
}

/** @param archive of images, as they are by their names from then on */
export async function importImages({ socket }: Containerd, archive: string): Promise<void> {
  await ctr(socket, "images", "import", "--snapshotter", SNAPSHOTTER, archive);
}

async function answers(socket: string): Promise<boolean> {
  return await ctr(socket, "version").then(
    () => true,
    () => false,
  );
}

async function ctr(socket: string, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)("ctr", ["--address", socket, "--namespace", "k8s.io", ...args]);
}

/** A node without any network for pods is not Ready. The plugin is not there: only pods on the node's own can start. */
const NO_NETWORK = { cniVersion: "0.4.0", name: "none", type: "loopback" };

const SNAPSHOTTER = "overlayfs";

/** Without what a machine for tests may not allow: AppArmor, and processes that the kernel is to spare. */
function configuration(directory: string, socket: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${directory}/root"
state = "${directory}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory}/opt"
[${cri}]
  sandbox_image = "${PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [${cri}.cni]
    bin_dir = "${directory}/cni/bin"
    conf_dir = "${directory}/cni/conf"
  [${cri}.containerd]
    snapshotter = "${SNAPSHOTTER}"
    default_runtime_name = "runc"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "${directory}/runc"
`;
}
