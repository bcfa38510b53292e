/**
 * One rotation of a sandbox of N clusters, measured: `node bench/one-rotation.ts 50`. The built `farrier` and the sandbox
 * are processes of their own. Prints one JSON object on stdout.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { estateSchema } from "../src/estate/estate.ts";
import { leastTimes, type RestartTimes } from "./bound.ts";

/** What a process took from its start to its end: see `own-usage.mjs`. */
interface OwnUsage {
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly requests: number;
}

const FARRIER = "bin/farrier.js";
/** Restarts differ from one to the next; the median of so many counts. */
const RESTARTS = 5;
const POLL_MS = 5;

const clusters = Number(process.argv[2] ?? "50");
const speed = Number(process.argv[3] ?? "10");
const directory = mkdtempSync(join(tmpdir(), "farrier-bench-"));
const file = (name: string): string => join(directory, name);
const sandboxOptions = ["--directory", directory, "--clusters", `${clusters}`, "--speed", `${speed}`, "-o", "json"];
const sandbox = spawn(process.execPath, [FARRIER, "sandbox", ...sandboxOptions], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const { control } = await ready(sandbox);
  const rotation = file("rotation");
  const config = ["--config", file("farrier.yaml"), "-o", "json"];
  const target = ["tls.crt", "tls.key", "cacerts.pem"].map((name) => file(`target/${name}`));
  const [cert = "", key = "", cacerts = ""] = target;
  await farrier(["plan", "--cert", cert, "--key", key, "--cacerts", cacerts, "--out", rotation, ...config]);
  const replicas = await replicasOf(config);
  const began = performance.now();
  const usage = await farrier(["apply", rotation, "--yes", ...config]);
  const wallSeconds = (performance.now() - began) / 1000;
  // Afterwards: an estate in which Rancher has just been restarted is one that a check refuses.
  const restarts = await restartTimes(control);
  const plan = JSON.parse(readFileSync(join(rotation, "plan.json"), "utf8"));
  const least = leastTimes(plan, { times: restarts, replicas, speed });
  const result = {
    clusters,
    wallSeconds,
    restarts,
    least,
    speed,
    cpuSeconds: usage.cpuSeconds,
    cpuMillisecondsPerCluster: (usage.cpuSeconds * 1000) / clusters,
    requestsPerCluster: usage.requests / clusters,
    peakMegabytes: usage.peakMegabytes,
    refusals: (await asked<{ refusals: unknown[] }>(`${control}/statistics`)).refusals.length,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  sandbox.kill("SIGTERM");
  await once(sandbox, "exit");
  rmSync(directory, { recursive: true, force: true });
}

/** Runs the built program to its end, and leaves what it prints in `output`. @throws Error unless it ends well */
async function farrier(words: readonly string[], output: string = devNull): Promise<OwnUsage> {
  const usage = file("usage.json");
  const printed = openSync(output, "w");
  const child = spawn(process.execPath, ["--import", "./bench/own-usage.mjs", FARRIER, ...words], {
    stdio: ["ignore", printed, "pipe"],
    env: { ...process.env, FARRIER_BENCH_USAGE: usage },
  });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = `${complaint}${text}`.slice(-2000);
  });
  const [code] = await once(child, "close");
  closeSync(printed);
  if (code !== 0) throw new Error(`farrier ${words[0]} ended with ${code}: ${complaint}`);
  return JSON.parse(readFileSync(usage, "utf8"));
}

/** Of each cluster's agent, as the product observes them. */
async function replicasOf(config: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const observed = file("estate.json");
  await farrier(["observe", ...config], observed);
  const estate = estateSchema.parse(JSON.parse(readFileSync(observed, "utf8")));
  return new Map(estate.clusters.map(({ id, agent }) => [id, agent?.replicas ?? 1]));
}

/** What the estate needs for a restart of one agent, and of Rancher, while nobody works on it. */
async function restartTimes(control: string): Promise<RestartTimes> {
  const [first] = await asked<{ id: string }[]>(`${control}/clusters`);
  const cluster = first?.id ?? "";
  const agent = await median(() => restarted(control, [cluster], "restart-agent", { cluster }));
  const rancher = await median(() => restarted(control, undefined, "faults", { kind: "restart-rancher" }));
  return { agent, rancher };
}

/** Seconds from the order to the moment at which all of them, or everybody, are connected again. */
async function restarted(
  control: string,
  only: readonly string[] | undefined,
  door: string,
  order: object,
): Promise<number> {
  const connected = async (): Promise<boolean> => {
    const all = await asked<{ id: string; connected: boolean }[]>(`${control}/clusters`);
    return all.every((one) => one.connected || !(only?.includes(one.id) ?? true));
  };
  const until = async (wanted: boolean): Promise<void> => {
    while ((await connected()) !== wanted) await pause(POLL_MS);
  };
  const began = performance.now();
  await fetch(`${control}/${door}`, { method: "POST", body: JSON.stringify(order) });
  await until(false);
  await until(true);
  return (performance.now() - began) / 1000;
}

async function median(measure: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  while (all.length < RESTARTS) all.push(await measure());
  return all.toSorted((a, b) => a - b)[Math.floor(RESTARTS / 2)] ?? 0;
}

async function asked<T>(url: string): Promise<T> {
  // The sandbox's own answers; their shapes are those of `src/sandbox/scenario/control-endpoint.ts`.
  return (await (await fetch(url)).json()) as T;
}

async function ready(child: ChildProcess): Promise<{ readonly control: string }> {
  if (child.stdout === null) throw new Error("the sandbox has no standard output");
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error("the sandbox ended before it was ready");
}
