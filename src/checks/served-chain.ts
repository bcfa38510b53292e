/** Does today's bundle accept today's chain, as the agents judge it? */
import { type Finding, finding } from "../findings.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import { verifyChain } from "../pki/verification/verify-chain.ts";
import { type CheckInput, hostnameOf } from "./check.ts";

/** Agents that connect anew are refused when not: then every finding says why. */
export function servedChain({ estate, now }: CheckInput): Finding[] {
  const { serving, trust, installation } = estate;
  const chain = agentsPool(serving.chain).anchors;
  const bundle = trust.served[0] ?? trust.stored;
  if (chain.length === 0 || bundle === "") return [];
  const verdict = verifyChain({ chain, anchors: agentsPool(bundle).anchors, hostname: hostnameOf(estate), at: now });
  const reasons = verdict.findings.filter(({ severity }) => severity === "error");
  // In system-store mode the agents' own store may accept what the bundle does not, and nothing here can see it.
  const severity = installation.agentTlsMode === "system-store" ? "warning" : "error";
  return reasons.map(({ sentence, hint }) =>
    finding(
      "serving.not-trusted",
      "serving certificate",
      `Agents that connect anew refuse Rancher's certificate: ${sentence}`,
      {
        severity,
        hint: `${hint} Where that cannot be done, farrier plan --replace plans the flag day.`,
      },
    ),
  );
}
