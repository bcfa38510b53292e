/** May this certificate have issued that one, and did it? Go's `CheckSignatureFrom` (crypto/x509/x509.go). */
import { type Finding, finding } from "../../findings.ts";
import { KEY_USAGE } from "../x509/extensions.ts";
import type { X509 } from "../x509/parse.ts";
import { isSignedBy } from "../x509/signature.ts";
import { type Places, titleOf } from "./place.ts";

/** What makes Go refuse `issuer` as the issuer of `child`; undefined when the signature is good. */
export function signatureFault(child: X509, issuer: X509, places: Places): Finding | undefined {
  return authorityFault(issuer, places) ?? algorithmFault(child, issuer, places) ?? keyFault(child, issuer, places);
}

function authorityFault(issuer: X509, places: Places): Finding | undefined {
  const constraints = issuer.basicConstraints;
  const place = places.of(issuer);
  if (constraints === undefined ? issuer.version === 3 : !constraints.isCa) {
    const why =
      constraints === undefined ? "has no basicConstraints extension" : "says in basicConstraints that it is no CA";
    return finding("chain.not-a-ca", place, `${titleOf(issuer)} ${why}, so it cannot sign certificates.`);
  }
  const usage = issuer.keyUsage;
  if (usage !== undefined && usage.size > 0 && !usage.has(KEY_USAGE.certificateSign)) {
    return finding("chain.ca-key-usage", place, `${titleOf(issuer)} has a keyUsage extension without keyCertSign.`);
  }
  return undefined;
}

function algorithmFault(child: X509, issuer: X509, places: Places): Finding | undefined {
  const { scheme, hash, name } = child.signatureAlgorithm;
  const place = places.of(child);
  if (hash === "sha1" || hash === "md5") {
    return finding("chain.weak-signature", place, `${titleOf(child)} is signed with ${name}, which Go refuses.`);
  }
  const key = issuer.publicKey.key;
  if (scheme === "unknown" || scheme === "dsa" || key.kind === "unknown" || key.kind === "dsa") {
    return finding(
      "chain.unknown-algorithm",
      place,
      `${titleOf(child)} is signed with ${name}, which Go cannot verify.`,
    );
  }
  if ((scheme === "rsa-pss" ? "rsa" : scheme) !== key.kind) {
    return finding(
      "chain.bad-signature",
      place,
      `${titleOf(child)} is signed with ${name}, but ${titleOf(issuer)} has another kind of key.`,
    );
  }
  return undefined;
}

/** Go ≥ 1.24 refuses RSA below 1024 bits; the limits of the exponent are those of Go's crypto/rsa. */
function keyFault(child: X509, issuer: X509, places: Places): Finding | undefined {
  const key = issuer.publicKey.key;
  if (key.kind === "rsa") {
    const oddExponent = key.exponent >= 3 && key.exponent % 2 === 1 && key.exponent < 2 ** 31;
    if (key.bits < 1024 || !oddExponent || key.modulus % 2n === 0n) {
      return finding(
        "chain.weak-key",
        places.of(issuer),
        `The RSA key of ${titleOf(issuer)} (${key.bits} bits, exponent ${key.exponent}) is one that Go refuses.`,
      );
    }
    if (child.signature.length !== Math.ceil(key.bits / 8)) {
      return badSignature(child, issuer, places);
    }
  }
  return isSignedBy(child, issuer) ? undefined : badSignature(child, issuer, places);
}

function badSignature(child: X509, issuer: X509, places: Places): Finding {
  return finding(
    "chain.bad-signature",
    places.of(child),
    `${titleOf(child)} was not signed by the key of ${places.of(issuer)}, although the name of its issuer is the same.`,
  );
}
