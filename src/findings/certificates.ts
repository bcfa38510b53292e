/** What the agents' Go code says of certificates, chains, bundles and keys. Alphabetical by code. */
export const CERTIFICATE_FINDINGS = {
  "bundle.byte-order-mark": {
    severity: "warning",
    meaning: "The bundle starts with a byte order mark, which hides its first certificate from the agents.",
    hint: "Save the file as UTF-8 without a byte order mark.",
  },
  "bundle.certificate-dropped": {
    severity: "error",
    meaning: "The agents' Go code leaves a certificate of the bundle out of its pool without a word.",
    hint: "Have that certificate issued again, or write the bundle anew with one certificate per PEM block.",
  },
  "bundle.duplicate": {
    severity: "info",
    meaning: "A certificate is in the bundle more than once.",
    hint: "Nothing needs to be done; the bundle that Farrier writes has it once.",
  },
  "bundle.first-unreadable": {
    severity: "error",
    meaning: "Agents start only if openssl can read the first certificate of the bundle.",
    hint: "Put a certificate that openssl can read first, without anything odd before it.",
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
  "key.mismatch": {
    severity: "error",
    meaning: "The private key does not belong to the serving certificate.",
    hint: "Give the key from which the certificate was requested.",
  },
} as const;
