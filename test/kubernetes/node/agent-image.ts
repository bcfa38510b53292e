/**
 * The images that a real node runs: `rancher/rancher-agent` with the simulated agent, Node and the libraries that Node
 * needs; and the one that holds a pod's namespaces, with a shell's `sleep`.
 */

import { execFile } from "node:child_process";
import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "rolldown";
import { type ImageFacts, imageArchive } from "./image-archive.ts";
import { BUSYBOX } from "./requirements.ts";

export const PAUSE = "farrier.test/pause:1";

/** Every version of it is the same program. */
const AGENT = "docker.io/rancher/rancher-agent";

export interface AgentImage {
  /** Of `rancher/rancher-agent`: the tag. */
  readonly version: string;
  /** What every container has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @param folder an empty one. @returns the path of an archive with both images */
export async function agentImages(folder: string, { version, environment }: AgentImage): Promise<string> {
  const agent: ImageFacts = {
    name: `${AGENT}:${version}`,
    root: join(folder, "agent"),
    entrypoint: ["/bin/node", "/agent.mjs"],
    environment: { PATH: "/bin", ...environment },
  };
  const pause: ImageFacts = { name: PAUSE, root: join(folder, "pause"), entrypoint: ["/bin/sleep", "2147483647"] };
  await Promise.all([
    build({
      input: join(import.meta.dirname, "agent-main.ts"),
      platform: "node",
      logLevel: "silent",
      output: { file: join(agent.root, "agent.mjs"), format: "esm" },
    }),
    addNode(agent.root),
    addShell(agent.root),
    addShell(pause.root),
  ]);
  return await imageArchive(folder, [agent, pause]);
}

async function addNode(root: string): Promise<void> {
  await copyTo(root, process.execPath, "/bin/node");
  const { stdout } = await promisify(execFile)("ldd", [process.execPath]);
  const libraries = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
  await Promise.all(libraries.map((path) => copyTo(root, path, path)));
}

async function addShell(root: string): Promise<void> {
  if (BUSYBOX === undefined) throw new Error("busybox is not installed");
  await copyTo(root, BUSYBOX, "/bin/busybox");
  for (const applet of ["sh", "cat", "echo", "false", "sleep"]) await symlink("busybox", join(root, "bin", applet));
}

async function copyTo(root: string, from: string, to: string): Promise<void> {
  const path = join(root, to);
  await mkdir(dirname(path), { recursive: true });
  await cp(from, path, { dereference: true });
}
