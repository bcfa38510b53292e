/**
 * What a check reports. Checks never throw: they return every finding, not the first.
 * Codes are stable and dotted (`bundle.trailing-newline`); `docs/checks.md` is made from the catalogue.
 */

/**
 * - `error`: the rotation would hurt somebody, or cannot work; planning is refused.
 * - `warning`: it works, but somebody should know.
 * - `info`: a fact worth showing.
 */
export type Severity = "error" | "warning" | "info";

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What the finding is about: `target leaf`, `cluster c-m-x7k2p (paris)`, `secret cattle-system/tls-ca`. */
  readonly target: string;
  /** One sentence that names the thing and states the fact. */
  readonly sentence: string;
  /** What to do about it. */
  readonly hint: string;
}

interface FindingEntry {
  readonly severity: Severity;
  /** What the code means, for the documentation. */
  readonly meaning: string;
  readonly hint: string;
}

export const FINDINGS = {
  "access.through-rancher": {
    severity: "error",
    meaning: "The management kubeconfig leads through Rancher, whose restart would cut Farrier off in the middle.",
    hint: "Use a kubeconfig that reaches the management cluster's own API server.",
  },
  "agent.armed": {
    severity: "info",
    meaning: "An agent straddles two pins: somebody has armed it.",
    hint: "Nothing needs to be done if a rotation is under way; otherwise roll its Deployment back.",
  },
  "agent.features-missing": {
    severity: "warning",
    meaning: "An agent lacks CATTLE_FEATURES, so that its cluster cannot count as connected (rancher#57462).",
    hint: "Have Rancher apply it again: kubectl annotate clusters.management.cattle.io/<id> io.cattle.agent.force.deploy=true --overwrite",
  },
  "agent.latent-mismatch": {
    severity: "error",
    meaning: "An agent works only until its next restart: it pins another bundle than the one that is served.",
    hint: "While its tunnel lives, have Rancher apply it again: kubectl annotate clusters.management.cattle.io/<id> io.cattle.agent.force.deploy=true --overwrite",
  },
  "agent.missing": {
    severity: "warning",
    meaning: "A cluster that answers has no cluster agent where Rancher puts it.",
    hint: "Look at how the cluster is connected; Farrier moves cattle-system/cattle-cluster-agent only.",
  },
  "agent.no-pin": {
    severity: "warning",
    meaning: "An agent pins no bundle although Rancher serves one.",
    hint: "Have Rancher apply it again with the force-deploy annotation, so that it gets the present pin.",
  },
  "agent.other-server": {
    severity: "warning",
    meaning: "An agent connects to another URL than Rancher's server-url.",
    hint: "See that the target certificate is valid for that name, too, or have Rancher apply the agent again.",
  },
  "agent.pin-variant": {
    severity: "error",
    meaning: "An agent pins a variant of the bundle that differs from what is served in white space or line ends.",
    hint: "Have Rancher apply it again with the force-deploy annotation while its tunnel lives; it gets the pin of what is served.",
  },
  "agent.redeploy-pending": {
    severity: "warning",
    meaning: "Rancher was asked to redeploy an agent and has not done so yet.",
    hint: "Wait until it is done; it needs the cluster's tunnel.",
  },
  "agent.replicas-disagree": {
    severity: "error",
    meaning: "Replicas of one agent pin different bundles, and no rollout would end that.",
    hint: "Look at the agent's pods and ReplicaSets, and let its Deployment come to rest.",
  },
  "agent.rolling-out": {
    severity: "warning",
    meaning: "A rollout of an agent is going on that Farrier did not start.",
    hint: "Wait for its end, or find out what keeps it.",
  },
  "agent.rollout-paused": {
    severity: "error",
    meaning: "The rollout of an agent's Deployment is paused: a new pin would not reach its pods.",
    hint: "Find out who paused it, then kubectl -n cattle-system rollout resume deploy/cattle-cluster-agent.",
  },
  "bundle.certificate-dropped": {
    severity: "error",
    meaning: "The agents' Go code leaves a certificate of the bundle out of its pool without a word.",
    hint: "Have that certificate issued again, or write the bundle anew with one certificate per PEM block.",
  },
  "bundle.first-unreadable": {
    severity: "error",
    meaning: "Agents start only if openssl can read the first certificate of the bundle.",
    hint: "Put a certificate that openssl can read first, without anything odd before it.",
  },
  "bundle.byte-order-mark": {
    severity: "warning",
    meaning: "The bundle starts with a byte order mark, which hides its first certificate from the agents.",
    hint: "Save the file as UTF-8 without a byte order mark.",
  },
  "bundle.duplicate": {
    severity: "info",
    meaning: "A certificate is in the bundle more than once.",
    hint: "Nothing needs to be done; the bundle that Farrier writes has it once.",
  },
  "bundle.leaf": {
    severity: "warning",
    meaning: "The bundle holds a certificate that is no CA.",
    hint: "Leave the serving certificate out of the bundle: agents would have to be moved at each renewal.",
  },
  "chain.bad-signature": {
    severity: "error",
    meaning: "A certificate was not signed by the CA that its issuer's name points to.",
    hint: "Give the issuing CA's current certificate; a CA with the same name and another key does not do.",
  },
  "chain.ca-key-usage": {
    severity: "error",
    meaning: "A CA's keyUsage does not let it sign certificates.",
    hint: "Have the CA certificate issued with keyCertSign.",
  },
  "chain.critical-extension": {
    severity: "error",
    meaning: "A certificate has a critical extension that Go does not understand.",
    hint: "Have it issued without that extension, or with the extension not critical.",
  },
  "chain.expired": {
    severity: "error",
    meaning: "A certificate of the chain has expired at the time asked about.",
    hint: "Have it issued again, and use the new one.",
  },
  "chain.extended-key-usage": {
    severity: "error",
    meaning: "A certificate of the chain does not permit server authentication.",
    hint: "Have it issued with extendedKeyUsage serverAuth, or without that extension on CAs.",
  },
  "chain.hostname": {
    severity: "error",
    meaning: "The serving certificate is for other hosts.",
    hint: "Have it issued with the host in its subject alternative names.",
  },
  "chain.name-constraints": {
    severity: "error",
    meaning: "A CA of the chain forbids one of the names.",
    hint: "Have the certificate issued by a CA that may issue for these names, or without the forbidden name.",
  },
  "chain.no-alternative-names": {
    severity: "error",
    meaning: "The serving certificate has no subject alternative name; Go ignores the common name.",
    hint: "Have it issued with the host as a subject alternative name.",
  },
  "chain.not-a-ca": {
    severity: "error",
    meaning: "An issuing certificate is not marked as a CA.",
    hint: "Have the CA certificate issued with basicConstraints CA:TRUE, or use the right one.",
  },
  "chain.not-yet-valid": {
    severity: "error",
    meaning: "A certificate of the chain is not valid yet at the time asked about.",
    hint: "Wait until then, check the clocks, or have it issued with an earlier start.",
  },
  "chain.path-length": {
    severity: "error",
    meaning: "A CA allows fewer intermediates below it than there are.",
    hint: "Have the CA certificate issued with a larger pathLenConstraint, or use a shorter chain.",
  },
  "chain.policies": {
    severity: "error",
    meaning: "A CA requires certificate policies which the certificates below it do not have.",
    hint: "Have the certificates issued with the policies, or the CA without policyConstraints.",
  },
  "chain.too-many-candidates": {
    severity: "error",
    meaning: "Too many certificates share names: Go gives up looking for a chain.",
    hint: "Take certificates that are not needed out of the bundle and the served chain.",
  },
  "chain.unknown-algorithm": {
    severity: "error",
    meaning: "A certificate is signed with an algorithm that Go cannot verify.",
    hint: "Have it signed with ECDSA or RSA and SHA-256.",
  },
  "chain.unknown-authority": {
    severity: "error",
    meaning: "No certificate of the bundle is a valid issuer of the chain.",
    hint: "Add the missing intermediate to the serving certificate, or the issuing CA or its root to the bundle.",
  },
  "chain.weak-key": {
    severity: "error",
    meaning: "A key is too small or malformed for Go.",
    hint: "Have the certificate issued for an RSA key of at least 2048 bits, or for ECDSA P-256.",
  },
  "chain.weak-signature": {
    severity: "error",
    meaning: "A certificate is signed with SHA-1 or MD5, which Go refuses.",
    hint: "Have it signed with SHA-256.",
  },
  "cluster.disconnected": {
    severity: "warning",
    meaning: "Rancher has no connection to a cluster: its agent cannot be moved now.",
    hint: "Reconnect it, remove it from Rancher, or plan without it: it holds the gates until it is waived.",
  },
  "cluster.not-ready": {
    severity: "warning",
    meaning: "A cluster is connected, and Rancher cannot use its API.",
    hint: "Look at the cluster's conditions in Rancher; its credentials or its CA may be stale.",
  },
  "cluster.unreachable": {
    severity: "warning",
    meaning: "A cluster counts as connected, and its API does not answer through Rancher.",
    hint: "Look at the agent's log and at the token's rights in that cluster.",
  },
  "consumer.kubeconfigs": {
    severity: "info",
    meaning: "Kubeconfigs that people downloaded embed the bundle, and stop working when it is dropped.",
    hint: "Tell their owners to download them again while both bundles are served.",
  },
  "consumer.unmovable": {
    severity: "warning",
    meaning: "Something else in a cluster trusts the certificate, and this version cannot move it.",
    hint: "Move it by hand in time, then waive the cluster by name: until then it holds the gates.",
  },
  "estate.gap": {
    severity: "warning",
    meaning: "A part of the estate could not be looked at, so that nothing is known about it.",
    hint: "Mend what the sentence names and look again.",
  },
  "encoding.malformed": {
    severity: "error",
    meaning: "A certificate is encoded in a way that Go refuses to parse.",
    hint: "Have it issued again by a CA that writes DER; the sentence says what is wrong and at which byte.",
  },
  "encoding.not-der": {
    severity: "warning",
    meaning: "A certificate breaks a rule of DER in a place that Go does not look at.",
    hint: "Have it issued again: OpenSSL or browsers may refuse it.",
  },
  "handshake.key-type": {
    severity: "error",
    meaning: "The serving certificate's key is of a kind that Go's TLS does not support.",
    hint: "Have it issued for an ECDSA P-256 or RSA key.",
  },
  "handshake.rsa-too-large": {
    severity: "error",
    meaning: "The server sends a certificate with an RSA key above 8192 bits, which Go refuses.",
    hint: "Use RSA keys of 2048 to 4096 bits, or ECDSA P-256.",
  },
  "input.repaired": {
    severity: "info",
    meaning: "A PEM file is not written as it should be, but can be read.",
    hint: "Nothing needs to be done; what Farrier writes is regular.",
  },
  "installation.certificate-elsewhere": {
    severity: "error",
    meaning: "The serving certificate is not in a Secret of the management cluster.",
    hint: "This version changes certificates in tls-rancher-ingress only.",
  },
  "installation.certificate-issued": {
    severity: "error",
    meaning: "cert-manager makes the serving certificate and would put it back.",
    hint: "Change the chart's ingress.tls.source to secret first.",
  },
  "installation.no-private-ca": {
    severity: "error",
    meaning: "Rancher mounts no trust bundle of its own.",
    hint: "This version rotates installations with the chart's privateCA: true.",
  },
  "key.mismatch": {
    severity: "error",
    meaning: "The private key does not belong to the serving certificate.",
    hint: "Give the key from which the certificate was requested.",
  },
  "permission.missing": {
    severity: "error",
    meaning: "The kubeconfig's account lacks a permission in the management cluster that the rotation needs.",
    hint: "Use an account that has it; cluster-admin has all of them.",
  },
  "permission.missing-in-cluster": {
    severity: "warning",
    meaning:
      "The token's account lacks a permission in a downstream cluster: its agent can only be redeployed by Rancher.",
    hint: "Use a token of an account that owns the cluster, or plan with the method redeploy for it.",
  },
  "rancher.not-ready": {
    severity: "error",
    meaning: "Not all of Rancher's replicas are ready.",
    hint: "Look at Rancher's pods; a rotation starts from a healthy Rancher.",
  },
  "rancher.replicas-disagree": {
    severity: "error",
    meaning: "Rancher's replicas serve different bundles.",
    hint: "Restart Rancher once, and see that all replicas started after the last change of tls-ca.",
  },
  "rancher.rolling-out": {
    severity: "error",
    meaning: "A rollout of Rancher is going on.",
    hint: "Wait for its end.",
  },
  "rancher.too-old": {
    severity: "error",
    meaning: "This Rancher is older than what Farrier knows how to prove a rotation on.",
    hint: "Upgrade Rancher to 2.6 or later first.",
  },
  "rancher.version-unknown": {
    severity: "warning",
    meaning: "Rancher's version could not be understood.",
    hint: "Nothing needs to be done for a build of your own; else look at the setting server-version.",
  },
  "secret.owned": {
    severity: "error",
    meaning: "Another tool owns a Secret that the rotation writes, and would put it back.",
    hint: "Suspend that tool's sync for the Secret, or make the change in its source.",
  },
  "serving.address-unreachable": {
    severity: "warning",
    meaning: "An address of Rancher's name does not answer.",
    hint: "Take it out of DNS, or mend it: agents that choose it cannot connect.",
  },
  "serving.ends-early": {
    severity: "error",
    meaning: "Today's serving certificate ends before the rotation may be over.",
    hint: "Renew it under today's CA first, or make the rotation shorter.",
  },
  "serving.not-trusted": {
    severity: "error",
    meaning: "Agents that connect anew refuse Rancher's present certificate.",
    hint: "Mend the present certificate or bundle first: a rotation starts from an estate that can reconnect.",
  },
  "serving.other-certificate": {
    severity: "warning",
    meaning: "An address presents another certificate than the Secret holds.",
    hint: "Look for an ingress replica that is late, or a load balancer that ends TLS before it.",
  },
  "strict.alternative-names": {
    severity: "warning",
    meaning: "The alternative names are critical or not against RFC 5280 or the CA/Browser Forum.",
    hint: "Have the certificate issued with alternative names that are critical only if its subject is empty.",
  },
  "strict.authority-key-id": {
    severity: "warning",
    meaning: "An authority key identifier is missing or odd.",
    hint: "Have the certificate issued with the key identifier of its issuer.",
  },
  "strict.basic-constraints": {
    severity: "warning",
    meaning: "basicConstraints are not what RFC 5280 demands.",
    hint: "Have CAs issued with critical basicConstraints CA:TRUE, and the serving certificate with CA:FALSE.",
  },
  "strict.empty-name": {
    severity: "warning",
    meaning: "A CA has no name.",
    hint: "Have the CA certificate issued with a subject.",
  },
  "strict.extended-key-usage": {
    severity: "warning",
    meaning: "An extendedKeyUsage is not what the CA/Browser Forum demands.",
    hint: "Have the serving certificate issued with extendedKeyUsage serverAuth, not critical, and roots without.",
  },
  "strict.key-size": {
    severity: "warning",
    meaning: "A key is smaller than others than Go accept.",
    hint: "Use RSA keys of at least 2048 bits, or ECDSA P-256.",
  },
  "strict.key-usage": {
    severity: "warning",
    meaning: "A keyUsage is not what RFC 5280 demands.",
    hint: "Have CAs issued with keyCertSign and cRLSign, the serving certificate with digitalSignature.",
  },
  "strict.name-constraints": {
    severity: "warning",
    meaning: "Name constraints are where, or as, RFC 5280 does not allow.",
    hint: "Have name constraints put on CAs only, and critical.",
  },
  "strict.no-root": {
    severity: "warning",
    meaning: "The chain ends at an intermediate in the bundle; others than Go go on to the root and fail.",
    hint: "Put the root into the bundle too, and one that is valid.",
  },
  "strict.serial-number": {
    severity: "warning",
    meaning: "A serial number is zero or too long.",
    hint: "Have the certificate issued with a positive serial number of at most 20 bytes.",
  },
  "strict.served-order": {
    severity: "warning",
    meaning: "The server does not send its chain in order.",
    hint: "Put the leaf first, then each issuer in turn, without the root.",
  },
  "strict.signature-algorithm": {
    severity: "warning",
    meaning: "A signature is one that others than Go refuse.",
    hint: "Have the certificate signed with ECDSA or RSA and SHA-256.",
  },
  "strict.subject-key-id": {
    severity: "warning",
    meaning: "A CA has no subject key identifier.",
    hint: "Have the CA certificate issued with one.",
  },
  "strict.wildcard": {
    severity: "warning",
    meaning: "A wildcard covers a whole top-level domain.",
    hint: "Have the certificate issued for the names that are used.",
  },
  "target.ends-early": {
    severity: "error",
    meaning: "The target chain ends before the rotation may be over.",
    hint: "Have it issued with a longer life.",
  },
  "target.in-use": {
    severity: "info",
    meaning: "The target's serving certificate is in use already.",
    hint: "Nothing needs to be done if only the bundle changes.",
  },
  "token.blind": {
    severity: "error",
    meaning: "The API token does not see all clusters.",
    hint: "Use the token of an administrator.",
  },
  "token.ends-early": {
    severity: "error",
    meaning: "The API token ends before the rotation may be over.",
    hint: "Make a token with a longer life.",
  },
  "token.invalid": {
    severity: "error",
    meaning: "Rancher does not accept the API token.",
    hint: "Make a new one in Rancher under Account & API Keys, without a cluster as scope.",
  },
  "trust.from-environment": {
    severity: "error",
    meaning: "The bundle comes from Rancher's environment, and Rancher refuses to change it.",
    hint: "Remove CATTLE_CACERTS from the chart's extraEnv and use the Secret tls-ca.",
  },
  "trust.secret-differs": {
    severity: "error",
    meaning:
      "The Secret holds another bundle than Rancher serves; its next start would change every agent's pin at once.",
    hint: "Put the served bundle back into tls-ca, or restart Rancher on purpose when every agent can follow.",
  },
  "trust.served-differs": {
    severity: "error",
    meaning: "Rancher serves another bundle than the management cluster stores.",
    hint: "Check that the server's URL belongs to this management cluster; else restart Rancher.",
  },
  "trust.update-denied": {
    severity: "error",
    meaning:
      "A webhook denies Rancher the update of its own setting (2.15.0, rancher#56522): with another bundle it would not start.",
    hint: "Upgrade Rancher to 2.15.1 or later, whose webhook allows it.",
  },
  "trust.update-unknown": {
    severity: "warning",
    meaning: "Whether Rancher may update its setting could not be tried.",
    hint: "Give the kubeconfig's account the right to impersonate Rancher's service account, or upgrade from 2.15.0.",
  },
} as const satisfies Record<string, FindingEntry>;

export type FindingCode = keyof typeof FINDINGS;

/** Makes a finding of the catalogue; `hint` and `severity` override the catalogue's where the check knows better. */
export function finding(
  code: FindingCode,
  target: string,
  sentence: string,
  override: { readonly hint?: string; readonly severity?: Severity } = {},
): Finding {
  const entry: FindingEntry = FINDINGS[code];
  return { code, severity: override.severity ?? entry.severity, target, sentence, hint: override.hint ?? entry.hint };
}
