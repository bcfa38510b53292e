/** Does every agent pin the bundle that is served, so that it would survive its next restart? */
import { latentMismatch } from "../estate/agent-state.ts";
import { type Finding, finding } from "../findings.ts";
import { explainPin } from "../pki/pin.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

export function agentPins({ estate }: CheckInput): Finding[] {
  const { trust } = estate;
  if (trust.pin === "") return [];
  return downstreamClusters(estate).flatMap((cluster) => {
    const { agent } = cluster;
    const mismatch = agent === undefined ? undefined : latentMismatch(agent, trust.pin);
    if (agent === undefined || mismatch === undefined) return [];
    const target = clusterTarget(cluster);
    const wrong =
      agent.pin === trust.pin ? (agent.pods.find(({ pin }) => pin !== trust.pin)?.pin ?? agent.pin) : agent.pin;
    if (wrong === "") return [];
    const explained = explainPin(wrong, trust.written ?? trust.stored);
    const explainedServed = explainPin(wrong, trust.served[0] ?? trust.stored);
    const known = [explainedServed, explained].find(({ kind }) => kind !== "unknown" && kind !== "served");
    if (known !== undefined) return [finding("agent.pin-variant", target, `${mismatch} ${known.sentence}`)];
    return [finding("agent.latent-mismatch", target, mismatch)];
  });
}

/** Agents that compare nothing: they would take any bundle, and in strict mode they cannot start. */
export function agentsWithoutPin({ estate }: CheckInput): Finding[] {
  if (estate.trust.pin === "") return [];
  return downstreamClusters(estate).flatMap((cluster) => {
    if (cluster.agent === undefined || cluster.agent.pin !== "") return [];
    const sentence =
      "Its agent pins no bundle (CATTLE_CA_CHECKSUM is empty), so it does not fetch Rancher's CA at all.";
    return [finding("agent.no-pin", clusterTarget(cluster), sentence)];
  });
}
