/** Does the certificate come from where this procedure can change it? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

const UPGRADED = {
  severity: "info",
  hint: "Nothing needs to be done: the plan shows which values of the Helm release change, and when.",
} as const;

const HANDED_OVER = {
  severity: "info",
  hint: "Have the target certificate ready for whoever runs what ends TLS: apply waits for it at the switch, and says when.",
} as const;

export function tlsSource({ estate }: CheckInput): Finding[] {
  const { installation, trust, serving } = estate;
  const findings: Finding[] = [];
  const byHelm = installation.installer.kind === "helm";
  if (installation.tlsSource === "rancher" || installation.tlsSource === "letsEncrypt") {
    const who = installation.tlsSource === "rancher" ? "Rancher's own CA" : "Let's Encrypt";
    // From there the rotation upgrades the release on the way, and cert-manager is not asked any more.
    if (byHelm) {
      const until = `The serving certificate is made by cert-manager from ${who}, until the rotation changes that.`;
      return [finding("installation.certificate-issued", "serving certificate", until, UPGRADED)];
    }
    const sentence = `The serving certificate is made by cert-manager from ${who}, which would put it back.`;
    findings.push(finding("installation.certificate-issued", "serving certificate", sentence));
  }
  if (installation.tlsSource === "external") {
    const sentence =
      "TLS ends before the cluster: the rotation changes the bundle, and a person the certificate there.";
    findings.push(finding("installation.certificate-elsewhere", "serving certificate", sentence, HANDED_OVER));
  } else if (serving.secret === undefined) {
    const sentence = "Rancher's certificate is not in a Secret of the management cluster: TLS ends before it.";
    findings.push(finding("installation.certificate-elsewhere", "serving certificate", sentence));
  }
  // Agents without a pin trust public authorities: a rotation to a private CA mounts the Secret on the way.
  const mountable = byHelm && !installation.privateCa && trust.pin === "";
  if (!mountable && (!installation.privateCa || trust.secret === undefined)) {
    const sentence =
      "Rancher mounts no Secret tls-ca (the chart's privateCA is false), so its bundle cannot be changed.";
    findings.push(finding("installation.no-private-ca", "trust bundle", sentence));
  }
  return findings;
}
