/** CLUSTER on the command line: an id, a display name, or a URL pasted from Rancher's pages. */
import { FarrierError } from "../errors.ts";

interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * @throws FarrierError `input.cluster-unknown` with the names that come closest, `input.cluster-ambiguous` when two
 *   clusters have the name
 */
export function findCluster<C extends Named>(said: string, clusters: readonly C[]): C {
  const wanted = idInUrl(said) ?? said;
  const byId = clusters.find((cluster) => cluster.id === wanted);
  if (byId !== undefined) return byId;
  const byName = clusters.filter((cluster) => cluster.name === wanted);
  const [only, second] = byName;
  if (second !== undefined) {
    throw new FarrierError("input.cluster-ambiguous", `${byName.length} clusters are called ${wanted}.`, {
      hint: `Name one by its id: ${byName.map((cluster) => cluster.id).join(", ")}.`,
    });
  }
  if (only !== undefined) return only;
  throw new FarrierError("input.cluster-unknown", `There is no cluster ${wanted}.`, {
    hint: suggestion(wanted, clusters),
  });
}

/** `https://rancher.example.com/dashboard/c/c-m-x7k2p/explorer` and `…/k8s/clusters/c-m-x7k2p` name a cluster. */
function idInUrl(said: string): string | undefined {
  return said.match(/^https?:\/\/[^/]+\/.*?\b(?:c|clusters)\/(local|c-[a-z0-9-]+)/)?.[1];
}

function suggestion(wanted: string, clusters: readonly Named[]): string {
  const near = clusters
    .map((cluster) => ({
      cluster,
      distance: Math.min(editDistance(wanted, cluster.name), editDistance(wanted, cluster.id)),
    }))
    // Half of a short name may not be another one's.
    .filter(({ distance }) => distance <= Math.min(Math.max(2, wanted.length / 3), wanted.length / 2))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ cluster }) => (cluster.name === cluster.id ? cluster.id : `${cluster.name} (${cluster.id})`));
  return near.length === 0 ? "farrier observe lists all clusters." : `Did you mean ${near.join(" or ")}?`;
}

/** Letters to insert, drop or change (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const change = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
