/**
 * Loaded into a `farrier` process before its own program (`node --import`): when it ends it leaves what it took in the
 * file of `FARRIER_BENCH_USAGE`.
 */
import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";

/** What a process took from its start to its end. */
export interface OwnUsage {
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly requests: number;
}

const file = process.env.FARRIER_BENCH_USAGE;
if (file !== undefined) {
  let requests = 0;
  subscribe("undici:request:create", () => {
    requests += 1;
  });
  process.once("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
    const usage: OwnUsage = { cpuSeconds, peakMegabytes: maxRSS / 1024, requests };
    writeFileSync(file, JSON.stringify(usage));
  });
}
