/** Agents that verify strictly, and so cannot do without a bundle of Rancher's. */
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";

/**
 * Rancher ≥ 2.8.6: with `STRICT_VERIFY=true` an agent without a stored bundle ends at its start (`Strict CA verification
 * is enabled but encountered error finding root CA`).
 * @throws FarrierError `plan.no-procedure`
 */
export function refuseStrictAgents({ installation, clusters }: Estate): void {
  if (installation.agentTlsMode === "strict") {
    throw new FarrierError(
      "plan.no-procedure",
      "The setting agent-tls-mode is strict: agents trust nothing but Rancher's own bundle, and end at their start where it serves none.",
      {
        hint: "Set agent-tls-mode to system-store and have Rancher redeploy every agent first; or stay with a private CA.",
      },
    );
  }
  const strict = clusters.filter(({ agent }) => agent?.strict === true).map(({ id }) => id);
  if (strict.length === 0) return;
  throw new FarrierError(
    "plan.no-procedure",
    `The agent${strict.length === 1 ? "" : "s"} of ${strict.join(", ")} run${strict.length === 1 ? "s" : ""} with STRICT_VERIFY=true: without a bundle of Rancher's, agents end at their start so.`,
    {
      hint: "A change of agent-tls-mode alone does not reach agents: have Rancher redeploy them (annotation io.cattle.agent.force.deploy), and look at spec.agentEnvVars of those clusters.",
    },
  );
}
