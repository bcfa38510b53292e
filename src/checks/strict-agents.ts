/** Would agents do without a bundle of Rancher's? */
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

/** Rancher ≥ 2.8.6: an agent that verifies strictly ends at its start where it has no bundle. */
export function strictAgents({ estate, target }: CheckInput): Finding[] {
  if (target?.systemStore !== true) return [];
  const setting = "setting agent-tls-mode";
  const why = "agents trust nothing but Rancher's own bundle, and end at their start where it serves none.";
  return [
    ...(estate.installation.agentTlsMode === "strict"
      ? [finding("target.strict-agents", setting, `The setting agent-tls-mode is strict: ${why}`)]
      : []),
    ...downstreamClusters(estate)
      .filter(({ agent }) => agent?.strict === true)
      .map((cluster) =>
        finding(
          "target.strict-agents",
          clusterTarget(cluster),
          "Its agent runs with STRICT_VERIFY=true: without a bundle of Rancher's it ends at its start.",
          { hint: REDEPLOYED },
        ),
      ),
  ];
}

/** Changing the setting redeploys no cluster agent: it is none of Rancher's DefaultAgentSettings. */
const REDEPLOYED =
  "Once agent-tls-mode is system-store, have Rancher redeploy it (annotation io.cattle.agent.force.deploy: true); where it stays, look at spec.agentEnvVars of its cluster.";
