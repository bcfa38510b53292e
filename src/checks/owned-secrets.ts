/** Would somebody else put back what the rotation writes? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function ownedSecrets({ estate }: CheckInput): Finding[] {
  return [estate.serving.secret, estate.trust.secret].flatMap((secret) => {
    if (secret === undefined) return [];
    const owners = secret.owners.filter((owner) => owner !== "cert-manager" || isIssuedAgain(estate));
    if (owners.length === 0) return [];
    const name = `${secret.namespace}/${secret.name}`;
    const sentence = `Secret ${name} belongs to ${owners.join(" and ")}, which would put it back after a change.`;
    return [finding("secret.owned", `secret ${name}`, sentence)];
  });
}

/**
 * cert-manager's marks stay on a Secret that it was told to leave alone, and it puts back only what a Certificate asks
 * for. Where the chart makes it ask, the rotation changes that itself.
 */
function isIssuedAgain({ installation, serving }: CheckInput["estate"]): boolean {
  const isIssued = installation.tlsSource === "rancher" || installation.tlsSource === "letsEncrypt";
  if (isIssued && installation.installer.kind === "helm") return false;
  return serving.certificate !== undefined || installation.exposure === "unknown";
}
