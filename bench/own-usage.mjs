/**
 * Loaded into a `farrier` process before its own program (`node --import`): when it ends it leaves what it took in the
 * file of `FARRIER_BENCH_USAGE`, in the shape of `OwnUsage`. Plain JavaScript, because taking types away would cost the
 * measured process 35 ms of CPU and 20 MB.
 */
import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";

const file = process.env.FARRIER_BENCH_USAGE;
if (file !== undefined) {
  let requests = 0;
  subscribe("undici:request:create", () => {
    requests += 1;
  });
  process.once("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
    writeFileSync(file, JSON.stringify({ cpuSeconds, peakMegabytes: maxRSS / 1024, requests }));
  });
}
