/** Is Rancher itself well, and at rest? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function rancherHealth({ estate }: CheckInput): Finding[] {
  const { namespace, deployment, replicas, readyReplicas, rollingOut } = estate.installation;
  const target = `deployment ${namespace}/${deployment}`;
  const findings: Finding[] = [];
  if (replicas === 0) findings.push(finding("rancher.not-ready", target, "Rancher is scaled to 0."));
  else if (readyReplicas < replicas) {
    findings.push(
      finding("rancher.not-ready", target, `${readyReplicas} of ${replicas} replicas of Rancher are ready.`),
    );
  }
  if (rollingOut) findings.push(finding("rancher.rolling-out", target, "A rollout of Rancher is going on."));
  return findings;
}
