/** What Go's crypto/tls refuses in a handshake beyond x509's verdict (handshake_client.go `verifyServerCertificate`). */
import { type Finding, finding } from "../../findings.ts";
import type { X509 } from "../x509/parse.ts";
import { type Places, titleOf } from "./place.ts";

const MAX_RSA_BITS = 8192;
const MIN_RSA_BITS = 1024;

/** @param served everything that the server sends, leaf first */
export function handshakeFaults(served: readonly X509[], places: Places): Finding[] {
  return [
    ...served.flatMap((certificate) => tooLarge(certificate, places)),
    ...served.slice(0, 1).flatMap((leaf) => leafKey(leaf, places)),
  ];
}

function tooLarge(certificate: X509, places: Places): Finding[] {
  const { key } = certificate.publicKey;
  return key.kind === "rsa" && key.bits > MAX_RSA_BITS
    ? [
        finding(
          "handshake.rsa-too-large",
          places.of(certificate),
          `${titleOf(certificate)} has an RSA key of ${key.bits} bits; Go refuses servers that send one above ${MAX_RSA_BITS}.`,
        ),
      ]
    : [];
}

/** Before Go 1.24 the lower limit of RSA keys was not enforced. */
function leafKey(leaf: X509, places: Places): Finding[] {
  const { key } = leaf.publicKey;
  if (key.kind === "dsa" || key.kind === "unknown") {
    return [
      finding("handshake.key-type", places.of(leaf), "The certificate's key is neither RSA nor ECDSA nor Ed25519."),
    ];
  }
  if (key.kind === "rsa" && key.bits < MIN_RSA_BITS) {
    return [
      finding(
        "chain.weak-key",
        places.of(leaf),
        `The certificate's RSA key has ${key.bits} bits; Go refuses less than ${MIN_RSA_BITS}.`,
      ),
    ];
  }
  return [];
}
