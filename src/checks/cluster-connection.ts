/** Which clusters cannot take part now? */
import type { Cluster } from "../estate/cluster.ts";
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

export function clusterConnection({ estate }: CheckInput): Finding[] {
  return downstreamClusters(estate).flatMap(connectionFindings);
}

/** The way over which it is dealt with all the same. */
function instead({ reach, given }: Cluster): string {
  const way = given.find((one) => one.reach === reach);
  return way === undefined ? "" : ` It is dealt with over its ${way.called}.`;
}

/** What Rancher itself says of a cluster whose API it does not get an answer from: whether a CA or a key is why. */
function toldBy({ ready }: Cluster): string {
  if (ready === undefined || ready.status === "True" || (ready.message ?? "") === "") return "";
  return ` Rancher says of it: ${ready.message}`;
}

function connectionFindings(cluster: Cluster): Finding[] {
  const target = clusterTarget(cluster);
  const { connected, ready, tunnel } = cluster;
  // Rancher < 2.6 has no condition Connected; then the tunnel's own answer decides.
  if (connected !== undefined && connected.status !== "True") {
    const since = connected.lastUpdateTime === undefined ? "" : ` since ${connected.lastUpdateTime}`;
    return [finding("cluster.disconnected", target, `Rancher has no connection to it${since}.${instead(cluster)}`)];
  }
  if (tunnel.kind === "unreachable") {
    return [
      finding(
        "cluster.unreachable",
        target,
        `Its API does not answer through Rancher: ${tunnel.why}${toldBy(cluster)}${instead(cluster)}`,
      ),
    ];
  }
  if (ready !== undefined && ready.status !== "True") {
    const why =
      ready.message === undefined || ready.message === "" ? (ready.reason ?? "no reason given") : ready.message;
    return [finding("cluster.not-ready", target, `It is connected, but Rancher does not call it ready: ${why}`)];
  }
  return [];
}
