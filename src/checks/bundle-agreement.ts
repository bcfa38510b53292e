/** Secret, setting and what is served: are they the same bundle? */
import { type Finding, finding } from "../findings.ts";
import { pinOf, settingValueOf } from "../pki/pin.ts";
import type { CheckInput } from "./check.ts";

export function bundleAgreement({ estate }: CheckInput): Finding[] {
  const { written, stored, served, source } = estate.trust;
  const findings: Finding[] = [];
  const behind = replicasBehind(estate);
  if (served.length > 1 || behind.length > 0) {
    const who =
      behind.length === 0
        ? ""
        : ` ${behind.join(", ")} ${behind.length === 1 ? "serves" : "serve"} another than the setting stores.`;
    const sentence = `Rancher serves different values of cacerts: its replicas don't agree.${who}`;
    findings.push(finding("rancher.replicas-disagree", "setting cacerts", sentence));
  }
  const [first] = served;
  if (served.length === 1 && first !== undefined && first !== stored) {
    const sentence = "Rancher serves another value of cacerts than the management cluster stores.";
    findings.push(finding("trust.served-differs", "setting cacerts", sentence));
  }
  // Rancher stores the file without outer white space; everything else stays, byte for byte.
  if (written !== undefined && settingValueOf(written) !== stored) {
    const sentence =
      "Secret tls-ca holds another bundle than the setting cacerts: Rancher's next start changes every pin.";
    findings.push(finding("trust.secret-differs", "secret tls-ca", sentence));
  }
  if (source === "env") {
    const sentence = "The setting cacerts comes from CATTLE_CACERTS in Rancher's environment, which wins over tls-ca.";
    findings.push(finding("trust.from-environment", "setting cacerts", sentence));
  }
  return findings;
}

/** Names of the pods that serve another value than the management cluster stores, where they could be asked. */
function replicasBehind({ installation, trust }: CheckInput["estate"]): string[] {
  return installation.pods
    .filter(({ servedPin }) => servedPin !== undefined && servedPin !== pinOf(trust.stored))
    .map(({ name }) => `pod ${name}`);
}
