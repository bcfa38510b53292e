/**
 * One rotation of a sandbox of N clusters, measured: `node bench/one-rotation.ts 50`. This process is the `farrier`
 * process; the sandbox has one of its own. Prints one JSON object on stdout.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const quiet = muteStandardOutput();
const clusters = Number(process.argv[2] ?? "50");
const speed = Number(process.argv[3] ?? "20");
const directory = mkdtempSync(join(tmpdir(), "farrier-bench-"));
const sandbox = spawn(
  process.execPath,
  [
    "src/main.ts",
    "sandbox",
    "--directory",
    directory,
    "--clusters",
    `${clusters}`,
    "--speed",
    `${speed}`,
    "-o",
    "json",
  ],
  { stdio: ["ignore", "pipe", "inherit"] },
);
try {
  const { control } = await ready(sandbox);
  const file = (name: string): string => join(directory, name);
  let requests = 0;
  subscribe("undici:request:create", () => {
    requests += 1;
  });
  const { run } = await import("../src/cli/run.ts");
  const rotation = file("rotation");
  const target = [
    "--cert",
    file("target/tls.crt"),
    "--key",
    file("target/tls.key"),
    "--cacerts",
    file("target/cacerts.pem"),
  ];
  await expectDone(run(["plan", "--config", file("farrier.yaml"), ...target, "--out", rotation, "-o", "json"]));
  const cpuBefore = process.cpuUsage();
  const requestsBefore = requests;
  const began = performance.now();
  await expectDone(run(["apply", rotation, "--config", file("farrier.yaml"), "--yes", "-o", "json"]));
  const wallSeconds = (performance.now() - began) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  quiet.restore();
  const statistics: unknown = await (await fetch(`${control}/statistics`)).json();
  const result = {
    clusters,
    wallSeconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    cpuMillisecondsPerCluster: (cpu.user + cpu.system) / 1e3 / clusters,
    requestsPerCluster: (requests - requestsBefore) / clusters,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    journalEntries: readFileSync(join(rotation, "journal.jsonl"), "utf8").trimEnd().split("\n").length,
    statistics,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  sandbox.kill("SIGTERM");
  await once(sandbox, "exit");
  rmSync(directory, { recursive: true, force: true });
}

async function expectDone(command: Promise<number>): Promise<void> {
  const code = await command;
  if (code !== 0) throw new Error(`the command ended with exit code ${code}: ${quiet.last()}`);
}

/** The commands print their results; the only result of a measurement is the measurement. */
function muteStandardOutput(): { restore(): void; last(): string } {
  let latest = "";
  const original = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    latest = String(chunk);
    const callback = rest.find((one) => typeof one === "function");
    if (callback !== undefined) queueMicrotask(() => callback());
    return true;
  };
  return {
    last: () => latest,
    restore: () => {
      process.stdout.write = original;
    },
  };
}

async function ready(child: ChildProcess): Promise<{ readonly control: string }> {
  if (child.stdout === null) throw new Error("the sandbox has no standard output");
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error("the sandbox ended before it was ready");
}
