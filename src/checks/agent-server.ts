/** Does each agent connect to the URL for which the certificate is checked? */
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

export function agentServer({ estate }: CheckInput): Finding[] {
  const { serverUrl } = estate.identity;
  return downstreamClusters(estate).flatMap((cluster) => {
    const used = cluster.agent?.serverUrl ?? "";
    if (used === "" || sameUrl(used, serverUrl)) return [];
    const sentence = `Its agent connects to ${used}, and not to Rancher's server-url ${serverUrl}.`;
    return [finding("agent.other-server", clusterTarget(cluster), sentence)];
  });
}

function sameUrl(a: string, b: string): boolean {
  return (
    URL.canParse(a) && URL.canParse(b) && new URL(a).href.replace(/\/$/, "") === new URL(b).href.replace(/\/$/, "")
  );
}
