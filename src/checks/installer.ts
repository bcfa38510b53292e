/** Can the way in which Rancher was installed be gone again? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function installer({ estate }: CheckInput): Finding[] {
  const { installer: found, exposure, namespace, deployment } = estate.installation;
  const findings: Finding[] = [];
  if (found.kind === "helm2") {
    const sentence = `Rancher is release ${found.name} of Helm 2, which can be upgraded by nothing that is supported.`;
    findings.push(finding("installation.helm2", `release ${found.name}`, sentence));
  }
  if (found.kind === "helm") findings.push(...releaseFindings(found.release));
  if (exposure === "gateway") {
    const sentence = `Gateway ${namespace}/${deployment}-gateway leads to Rancher, and presents its certificate.`;
    findings.push(finding("installation.gateway", `gateway ${namespace}/${deployment}-gateway`, sentence));
  }
  return findings;
}

type Release = Extract<CheckInput["estate"]["installation"]["installer"], { kind: "helm" }>["release"];

function releaseFindings({ name, namespace, revision, status }: Release): Finding[] {
  const target = `release ${namespace}/${name}`;
  if (status.startsWith("pending-")) {
    const sentence = `Revision ${revision} of Helm release ${namespace}/${name} is ${status}.`;
    return [finding("installation.release-pending", target, sentence)];
  }
  if (status === "failed") {
    const sentence = `Revision ${revision} of Helm release ${namespace}/${name} has failed.`;
    return [finding("installation.release-failed", target, sentence)];
  }
  return [];
}
