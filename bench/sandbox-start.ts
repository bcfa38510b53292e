/**
 * What a sandbox costs: `node bench/sandbox-start.ts 3 50 500`. Each size gets a process of its own; one JSON object
 * per line on stdout. The seconds begin with the process; the idle figure is the CPU time per second of the wall
 * clock in which nothing is asked of the estate.
 */
import { spawnSync } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { saveSandboxMemory } from "../src/cli/memory.ts";

const IDLE_MS = 5_000;
/** What `farrier sandbox` starts with. */
const SPEED = 20;

const sizes = process.argv.slice(2).filter((word) => word !== "--measure");
if (process.argv.includes("--measure")) await measure(Number(sizes[0]));
else for (const size of sizes.length === 0 ? ["3", "50", "500"] : sizes) measureApart(size);

function measureApart(size: string): void {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), size, "--measure"], { stdio: "inherit" });
  if (child.status !== 0) throw new Error(`the sandbox of ${size} clusters ended with ${child.status}`);
}

async function measure(clusters: number): Promise<void> {
  saveSandboxMemory();
  const { startSandbox } = await import("../src/sandbox/sandbox.ts");
  const sandbox = await startSandbox({ clusters, speed: SPEED });
  const startSeconds = performance.now() / 1000;
  const startCpuSeconds = cpuSeconds();
  await wait(IDLE_MS);
  const idleCpuMillisecondsPerSecond = ((cpuSeconds() - startCpuSeconds) * 1e6) / IDLE_MS;
  const megabytes = process.memoryUsage.rss() / 2 ** 20;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  const figures = { startSeconds, startCpuSeconds, idleCpuMillisecondsPerSecond, megabytes, peakMegabytes };
  const rounded = Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10]),
  );
  process.stdout.write(`${JSON.stringify({ clusters, ...rounded })}\n`);
  await sandbox.stop();
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
