import { type Authority, issuerReference } from "./authority.ts";
import { distinguishedName, type IssuedCertificate, issueCertificate } from "./certificate.ts";
import {
  basicConstraints,
  type CertificateExtension,
  extendedKeyUsage,
  type KeyUsage,
  keyUsage,
  PURPOSE,
  subjectAltName,
  subjectKeyId,
} from "./extensions.ts";
import { generateKey, type IssuingKey, type KeyAlgorithm, keyToPem } from "./keys.ts";
import { type Lifetime, validity } from "./lifetime.ts";

/** A certificate with its key, as a server uses it. */
export interface IssuedServing extends IssuedCertificate {
  readonly key: IssuingKey;
  /** Unencrypted PKCS#8. */
  readonly keyPem: string;
  readonly notAfter: Date;
}

/** What a serving certificate is for. */
export interface ServingRequest extends Lifetime {
  /** DNS names (a leading `*.` is allowed) and IP addresses; the first is also the common name when it fits. */
  readonly hostnames: readonly string[];
  readonly organization?: string;
  /** `ecdsa-p256` unless given. */
  readonly algorithm?: KeyAlgorithm;
  /** An existing key, to renew a certificate with the same one. */
  readonly key?: IssuingKey;
  readonly extraExtensions?: readonly CertificateExtension[];
}

const SERVING_DAYS = 365;

/** RFC 5280 appendix A, ub-common-name: a longer one makes strict parsers refuse the certificate. */
const LONGEST_COMMON_NAME = 64;

/** Issues a server certificate. Valid a year unless told, and by default never longer than its issuer. */
export async function issueServing(issuer: Authority, request: ServingRequest): Promise<IssuedServing> {
  const key = request.key ?? (await generateKey(request.algorithm ?? "ecdsa-p256"));
  const lifetime = validity(request, SERVING_DAYS, issuer.notAfter);
  const certificate = await issueCertificate({
    subject: distinguishedName({ O: request.organization, CN: commonName(request.hostnames) }),
    issuer: issuer.subject,
    publicKey: key.publicKey,
    signingKey: issuer.key.privateKey,
    ...lifetime,
    extensions: [
      basicConstraints(false),
      keyUsage(servingUsages(key)),
      extendedKeyUsage([PURPOSE.serverAuth]),
      await subjectKeyId(key.publicKey),
      ...issuerReference(issuer),
      subjectAltName(request.hostnames),
      ...(request.extraExtensions ?? []),
    ],
  });
  return { ...certificate, key, keyPem: keyToPem(key), notAfter: lifetime.notAfter };
}

/** RSA key exchange of TLS 1.2 encrypts to the server's key; ECDSA keys only sign. */
function servingUsages(key: IssuingKey): readonly KeyUsage[] {
  return key.privateKey.asymmetricKeyType === "rsa" ? ["digitalSignature", "keyEncipherment"] : ["digitalSignature"];
}

function commonName(hostnames: readonly string[]): string | undefined {
  return hostnames.find((name) => name.length <= LONGEST_COMMON_NAME) ?? "server";
}
