/** What other verifiers than the agents' (OpenSSL, browsers) would mind in a certificate. Alphabetical by code. */
export const STRICTER_FINDINGS = {
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
} as const;
