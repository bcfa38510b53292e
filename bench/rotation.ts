/**
 * `npm run bench`: rotations of 50 and 500 clusters (or of the sizes given), each in processes of their own: what they
 * take of time, processor, requests and memory, and how that grows. `FARRIER_BENCH_SPEED` is how much faster than a real
 * estate the simulated ones live.
 */
import { spawnSync } from "node:child_process";
import type { LeastTimes } from "./bound.ts";

interface Measured {
  readonly clusters: number;
  readonly wallSeconds: number;
  readonly least: LeastTimes;
  readonly speed: number;
  readonly restarts: { readonly agent: number; readonly rancher: number };
  readonly cpuSeconds: number;
  readonly cpuMillisecondsPerCluster: number;
  readonly requestsPerCluster: number;
  readonly peakMegabytes: number;
  readonly refusals: number;
}

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [50, 500];
if (!sizes.every((size) => Number.isInteger(size) && size > 0)) {
  process.stderr.write("bench/rotation.ts takes numbers of clusters, for example: npm run bench -- 50 500\n");
  process.exit(2);
}

/** Of an estate of few clusters. */
const FASTEST = 10;
/** Simulated clusters that one processor carries at that speed, beside Farrier, without being late. */
const CARRIED_AT_FASTEST = 100;

/**
 * The simulated estate shares the machine with Farrier. It lives so slowly that what the machine does by itself stays
 * small beside what the estate waits for, as it is on a real one, whose clusters bring their own machines.
 */
function speedOf(clusters: number): number {
  const given = Number(process.env.FARRIER_BENCH_SPEED);
  return given > 0 ? given : FASTEST * Math.min(1, CARRIED_AT_FASTEST / clusters);
}

const results = sizes.map(measure);
for (const one of results) {
  const { agent, rancher } = one.restarts;
  const { inTurn, overlapped } = one.least;
  const times = (bound: number): string => `${(one.wallSeconds / bound).toFixed(2)} times`;
  process.stdout.write(
    [
      `${one.clusters} clusters: ${one.wallSeconds.toFixed(1)} s, in an estate ${one.speed} times as fast as a real one`,
      `  ${times(inTurn)} what the restarts take one stage after the other (${inTurn.toFixed(1)} s), ${times(overlapped)} what no order of them can beat (${overlapped.toFixed(1)} s)`,
      `  a restart of an agent takes ${agent.toFixed(2)} s, one of Rancher ${rancher.toFixed(2)} s`,
      `  farrier: ${one.cpuSeconds.toFixed(1)} s of CPU (${one.cpuMillisecondsPerCluster.toFixed(1)} ms per cluster), ${one.requestsPerCluster.toFixed(0)} requests per cluster, peak ${one.peakMegabytes.toFixed(0)} MB`,
      `  refused in a handshake: ${one.refusals}`,
      "",
    ].join("\n"),
  );
}
const [first, last] = [results.at(0), results.at(-1)];
if (first !== undefined && last !== undefined && first !== last) {
  const growth = (last.wallSeconds * last.speed) / (first.wallSeconds * first.speed);
  const each = ((last.cpuSeconds - first.cpuSeconds) * 1000) / (last.clusters - first.clusters);
  process.stdout.write(
    `from ${first.clusters} to ${last.clusters} clusters the estate's own time grows ${growth.toFixed(1)} times; each further cluster takes ${each.toFixed(1)} ms of CPU\n`,
  );
}

function measure(clusters: number): Measured {
  const child = spawnSync(process.execPath, ["bench/one-rotation.ts", `${clusters}`, `${speedOf(clusters)}`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) throw new Error(`the rotation of ${clusters} clusters was not measured`);
  return JSON.parse(child.stdout);
}
