/** The `helm` that a person has: where it is, whether it will do, and running it. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

/** What `helm` is told of the cluster: what Farrier itself was told. */
export interface HelmAccess {
  /** Without it, KUBECONFIG and what else Helm knows by itself. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** The program; `helm` on the PATH where not given. */
  readonly program?: string;
  /** A directory, a .tgz file, or `repository/name`: instead of the chart that the release stores. */
  readonly chart?: string;
}

export type HelmState =
  | { readonly kind: "usable"; readonly version: string }
  | { readonly kind: "missing"; readonly program: string }
  | { readonly kind: "unsuitable"; readonly program: string; readonly version: string };

export interface HelmRun {
  readonly args: readonly string[];
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends it: Helm then marks its release as failed. */
  readonly signal?: AbortSignal;
}

export interface HelmEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `helm version` asks nobody but itself. */
const VERSION_MS = 20_000;
/** From the wish to end until it is ended by force. */
const GRACE_MS = 30_000;

/** Whether the program is there, and one that can upgrade what Helm 3 or 4 has stored. */
export async function lookAtHelm(access: HelmAccess): Promise<HelmState> {
  const program = programOf(access);
  const args = ["version", "--template", "{{.Version}}"];
  const end = await runHelm(access, { args, signal: AbortSignal.timeout(VERSION_MS) }).catch(() => undefined);
  if (end === undefined) return { kind: "missing", program };
  const version = end.stdout.trim().split("\n").at(-1) ?? "";
  return end.code === 0 && /^v?[34]\.\d+\./.test(version)
    ? { kind: "usable", version }
    : { kind: "unsuitable", program, version: /^[\w.+-]{1,40}$/.test(version) ? version : "of an unknown version" };
}

export function programOf({ program }: HelmAccess): string {
  return program ?? "helm";
}

/**
 * Runs `helm` with the access that Farrier has. It is a process group of its own: the Ctrl-C that asks Farrier to finish
 * what it is at would end it in the middle otherwise.
 * @throws Error of node:child_process when there is no such program
 */
export async function runHelm(access: HelmAccess, run: HelmRun): Promise<HelmEnd> {
  const { kubeconfig, context } = access;
  const given = [
    ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ...(context === undefined ? [] : ["--kube-context", context]),
  ];
  const env = { ...process.env, ...run.environment };
  const child = spawn(programOf(access), [...run.args, ...given], { detached: true, env, stdio: "pipe" });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const stop = () => void endGently(child, ended);
  run.signal?.addEventListener("abort", stop, { once: true });
  if (run.signal?.aborted === true) stop();
  // A program that ends before it has read everything is judged by how it ended.
  child.stdin.on("error", () => {});
  child.stdin.end(run.input ?? "");
  try {
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  } finally {
    run.signal?.removeEventListener("abort", stop);
  }
}

/**
 * Whether a helm that was started with this argument runs on this machine still, although whoever started it is gone.
 * Where the system does not tell (elsewhere than on Linux), false.
 */
export async function isHelmRunning(argument: string): Promise<boolean> {
  const processes = await readdir("/proc").catch(() => []);
  const lines = await Promise.all(
    processes.filter((name) => /^\d+$/.test(name)).map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.some((line) => line.split("\0").includes(argument));
}

/** Helm's own sentence; warnings come before it. */
export function firstError(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => line.startsWith("Error:")) ?? lines.at(-1) ?? "it does not say why";
}

async function endGently(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGTERM");
  const waiting = new AbortController();
  const late = pause(GRACE_MS, undefined, { signal: waiting.signal, ref: false }).then(
    () => child.kill("SIGKILL"),
    () => {},
  );
  await Promise.race([ended.catch(() => {}), late]);
  waiting.abort();
}
