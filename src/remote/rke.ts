/** RKE's own program and its cluster file, both on this machine: it reaches the nodes by itself. */
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { saveFailed } from "./node-snapshots.ts";
import type { Running, SshTarget } from "./ssh.ts";

const run = promisify(execFile);

const words = z.union([z.string(), z.array(z.string())]).transform((one) => [one].flat());
// What was not given is written as empty text, as in the cluster file of Rancher's own hardening guide for RKE.
const port = z
  .union([z.string(), z.int()])
  .nullish()
  .transform((one) => (one === "" || one === null || one === undefined ? undefined : Number(one)))
  .pipe(z.int().min(1).max(65535).optional());
const text = z
  .string()
  .nullish()
  .transform((one) => (one === "" || one === null ? undefined : one));

/** What of `cluster.yml` tells where etcd is, and how its nodes are reached. */
const clusterFileSchema = z.object({
  nodes: z.array(z.object({ address: z.string(), port, role: words, user: text, ssh_key_path: text })),
  ssh_key_path: text,
  bastion_host: z.object({ address: text, port, user: text }).nullish(),
});

/** Every node with etcd. @throws when it is no cluster file of RKE, or cannot be read */
export async function etcdNodesOf(clusterFile: string): Promise<SshTarget[]> {
  const file = clusterFileSchema.parse(parse(await readFile(clusterFile, "utf8")));
  const bastion = file.bastion_host;
  const jump = bastion?.address === undefined ? undefined : jumpOf({ ...bastion, address: bastion.address });
  return file.nodes
    .filter(({ role }) => role.includes("etcd"))
    .map((node): SshTarget => {
      const key = node.ssh_key_path ?? file.ssh_key_path;
      return {
        host: node.address,
        ...(node.user === undefined ? {} : { user: node.user }),
        ...(node.port === undefined ? {} : { port: node.port }),
        ...(key === undefined ? {} : { key: key.replace(/^~(?=\/)/, homedir()) }),
        ...(jump === undefined ? {} : { jump }),
      };
    });
}

function jumpOf(bastion: { address: string; port?: number | undefined; user?: string | undefined }): string {
  const user = bastion.user === undefined ? "" : `${bastion.user}@`;
  return `${user}${bastion.address}${bastion.port === undefined ? "" : `:${bastion.port}`}`;
}

/** Whether the program is there, and is RKE. */
export async function isRke(program: string): Promise<boolean> {
  try {
    return /^rke version/m.test((await run(program, ["--version"], { timeout: 20_000 })).stdout);
  } catch {
    return false;
  }
}

/** Of what a program says before it ends, in characters. */
const MOST_WORDS = 10_000;

/**
 * `rke etcd snapshot-save`: on every node with etcd. Ctrl-C at Farrier's terminal does not end it; the signal does.
 * @throws FarrierError `backup.incomplete` with its last words
 */
export async function saveByRke(
  program: string,
  { name, clusterFile }: { readonly name: string; readonly clusterFile: string },
  { deadlineMs, signal }: Required<Running>,
): Promise<void> {
  signal.throwIfAborted();
  const args = ["etcd", "snapshot-save", "--name", name, "--config", clusterFile];
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: deadlineMs,
    signal,
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => {
    said = (said + more).slice(-MOST_WORDS);
  });
  const ended = await new Promise<string>((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("close", (code, killedBy) => resolve(String(code ?? killedBy)));
  });
  if (ended !== "0") {
    throw saveFailed("rke etcd snapshot-save", { code: ended, words: said.trim().split("\n").at(-1) ?? "" });
  }
}
