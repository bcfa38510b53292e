/**
 * `npm run bench`: rotations of 50 and 500 clusters (or of the sizes given), each in processes of their own: what they
 * take of time, processor, requests and memory, and how that grows.
 */
import { spawnSync } from "node:child_process";

interface Measured {
  readonly clusters: number;
  readonly wallSeconds: number;
  /** Seconds. */
  readonly bound: number;
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
const results = sizes.map(measure);
for (const one of results) {
  const { agent, rancher } = one.restarts;
  const ratio = one.wallSeconds / one.bound;
  process.stdout.write(
    [
      `${one.clusters} clusters: ${one.wallSeconds.toFixed(1)} s, ${ratio.toFixed(2)} times the lower bound of ${one.bound.toFixed(1)} s; an estate ${one.speed} times as fast as a real one`,
      `  a restart of an agent takes ${agent.toFixed(2)} s, one of Rancher ${rancher.toFixed(2)} s`,
      `  farrier: ${one.cpuSeconds.toFixed(1)} s of CPU (${one.cpuMillisecondsPerCluster.toFixed(1)} ms per cluster), ${one.requestsPerCluster.toFixed(0)} requests per cluster, peak ${one.peakMegabytes.toFixed(0)} MB`,
      `  refused in a handshake: ${one.refusals}`,
      "",
    ].join("\n"),
  );
}
const [first, last] = [results.at(0), results.at(-1)];
if (first !== undefined && last !== undefined && first !== last) {
  const growth = last.wallSeconds / first.wallSeconds;
  const each = ((last.cpuSeconds - first.cpuSeconds) * 1000) / (last.clusters - first.clusters);
  process.stdout.write(
    `from ${first.clusters} to ${last.clusters} clusters the time grows ${growth.toFixed(1)} times; each further cluster takes ${each.toFixed(1)} ms of CPU\n`,
  );
}

function measure(clusters: number): Measured {
  const child = spawnSync(process.execPath, ["bench/one-rotation.ts", `${clusters}`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) throw new Error(`the rotation of ${clusters} clusters was not measured`);
  return JSON.parse(child.stdout);
}
