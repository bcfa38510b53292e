/** Is the API token good for all clusters until the end? */
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
  // A cluster that is dealt with past Rancher need not be seen through it.
  const hidden = downstreamClusters(estate).filter(
    ({ id, reach }) => !visibleClusters.includes(id) && (reach === "rancher" || reach === "none"),
  );
  if (!unlisted && hidden.length > 0) {
    const names = hidden
      .slice(0, 5)
      .map(({ id }) => id)
      .join(", ");
    const more = hidden.length > 5 ? ", …" : "";
    const sentence = `The API token does not see ${hidden.length} of the clusters: ${names}${more}.`;
    findings.push(finding("token.blind", "API token", sentence));
  }
  return findings;
}
