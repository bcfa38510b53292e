/** Is the API token good for all clusters until the end? */
import type { Cluster } from "../estate/cluster.ts";
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, downstreamClusters, timeText } from "./check.ts";

/** Target of the gap that is left when Rancher's API gave no answer to its very first question. */
export const TOKEN_GAP = "token";

export function token({ estate, until }: CheckInput): Finding[] {
  const { valid, expiresAt, visibleClusters } = estate.access.token;
  const unasked = estate.gaps.find(({ target }) => target === TOKEN_GAP);
  if (unasked !== undefined)
    return [finding("rancher.unreachable", "Rancher", `Rancher's API cannot be used from here: ${unasked.why}`)];
  if (!valid) return [finding("token.invalid", "API token", "Rancher does not accept the API token.")];
  const findings: Finding[] = [];
  if (expiresAt !== undefined && new Date(expiresAt) <= until) {
    const sentence = `The API token ends on ${timeText(new Date(expiresAt))}, before the rotation may be over.`;
    findings.push(finding("token.ends-early", "API token", sentence));
  }
  const unlisted = estate.gaps.some(({ target }) => target === "clusters that the token sees");
  if (unlisted) return findings;
  const hidden = downstreamClusters(estate).filter(({ id }) => !visibleClusters.includes(id));
  const through = hidden.filter(({ reach }) => reach === "rancher" || reach === "none");
  if (through.length > 0) {
    const sentence = `The API token does not see ${through.length} of the clusters: ${namesOf(through)}.`;
    findings.push(finding("token.blind", "API token", sentence));
  }
  // Past Rancher such a cluster can be moved; only its session is Rancher's to show.
  const past = hidden.filter((one) => !through.includes(one) && one.connected?.status === "True");
  if (past.length > 0) {
    const sentence = `The API token does not see ${past.length} of the clusters that are dealt with past Rancher: ${namesOf(past)}.`;
    findings.push(finding("token.sees-no-session", "API token", sentence));
  }
  return findings;
}

function namesOf(clusters: readonly Pick<Cluster, "id">[]): string {
  const named = clusters.slice(0, 5).map(({ id }) => id);
  return [...named, ...(clusters.length > 5 ? ["…"] : [])].join(", ");
}
