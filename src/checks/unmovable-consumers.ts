/** What trusts the certificate and is moved by nobody here? */
import type { Consumer } from "../estate/cluster.ts";
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

export function unmovableConsumers({ estate }: CheckInput): Finding[] {
  return downstreamClusters(estate).flatMap((cluster) =>
    cluster.consumers
      .filter(({ gating, movable }) => gating && !movable)
      .map((consumer) =>
        finding(
          "consumer.unmovable",
          clusterTarget(cluster),
          `Its ${wordsOf(consumer)} trust Rancher's certificate, too, and this version of Farrier cannot move them.`,
        ),
      ),
  );
}

function wordsOf({ kind, id }: Consumer): string {
  return id.endsWith("/windows") ? `${WORDS[kind]} on Windows` : WORDS[kind];
}

const WORDS: Readonly<Record<Consumer["kind"], string>> = {
  "cluster-agent": "cluster agents",
  "node-agent": "node agents",
  "node-agent-windows": "node agents on Windows",
  "system-agent": "nodes' system agents",
  "fleet-agent": "Fleet agents",
  kubeconfig: "kubeconfigs",
};

/** Kubeconfigs that people have downloaded embed the bundle of their day. They prove nothing and hold nothing up. */
export function downloadedKubeconfigs({ estate }: CheckInput): Finding[] {
  const count = estate.clusters.flatMap(({ consumers }) =>
    consumers.filter(({ kind }) => kind === "kubeconfig"),
  ).length;
  if (count === 0) return [];
  const some = count === 1 ? "1 downloaded kubeconfig embeds" : `${count} downloaded kubeconfigs embed`;
  return [finding("consumer.kubeconfigs", "people", `${some} the bundle of today.`)];
}
