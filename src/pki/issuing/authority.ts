import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { type DistinguishedName, distinguishedName, type IssuedCertificate, issueCertificate } from "./certificate.ts";
import { authorityKeyId, basicConstraints, type CertificateExtension, keyUsage, subjectKeyId } from "./extensions.ts";
import { generateKey, type IssuingKey, type KeyAlgorithm, keyFromPem, keyToPem } from "./keys.ts";
import { type Lifetime, validity } from "./lifetime.ts";

/** A certificate authority that can issue: its certificate, its key, and what the certificates below it repeat. */
export interface Authority extends IssuedCertificate {
  readonly key: IssuingKey;
  /** Unencrypted PKCS#8. */
  readonly keyPem: string;
  /** Hexadecimal subject key identifier; undefined for a foreign authority that has none. */
  readonly keyId: string | undefined;
  readonly notAfter: Date;
}

/** What an authority is called, how long it lives, and its key. */
export interface AuthorityRequest extends Lifetime {
  readonly commonName: string;
  readonly organization?: string;
  /** `ecdsa-p256` unless given. */
  readonly algorithm?: KeyAlgorithm;
  /** An existing key, to re-issue an authority with the same one. */
  readonly key?: IssuingKey;
  /** How many authorities may follow below. An intermediate gets 0 unless given, a root has no limit. */
  readonly pathLength?: number;
  /** Added after ours: name constraints, for example. */
  readonly extraExtensions?: readonly CertificateExtension[];
}

const ROOT_DAYS = 3650;
const INTERMEDIATE_DAYS = 1825;

/** Makes a self-signed root: critical basicConstraints and keyUsage, subject key identifier. Valid ten years unless told. */
export async function createRoot(request: AuthorityRequest): Promise<Authority> {
  const key = request.key ?? (await generateKey(request.algorithm ?? "ecdsa-p256"));
  const subject = nameOf(request);
  const keyId = await subjectKeyId(key.publicKey);
  const lifetime = validity(request, ROOT_DAYS);
  const certificate = await issueCertificate({
    subject,
    issuer: subject,
    publicKey: key.publicKey,
    signingKey: key.privateKey,
    ...lifetime,
    extensions: [...authorityExtensions(request.pathLength), keyId, ...(request.extraExtensions ?? [])],
  });
  return authority(certificate, key, keyId, lifetime.notAfter);
}

/** Makes an authority below `issuer`. Valid five years unless told, and by default never longer than its issuer. */
export async function createIntermediate(issuer: Authority, request: AuthorityRequest): Promise<Authority> {
  const key = request.key ?? (await generateKey(request.algorithm ?? "ecdsa-p256"));
  const keyId = await subjectKeyId(key.publicKey);
  const lifetime = validity(request, INTERMEDIATE_DAYS, issuer.notAfter);
  const certificate = await issueCertificate({
    subject: nameOf(request),
    issuer: issuer.subject,
    publicKey: key.publicKey,
    signingKey: issuer.key.privateKey,
    ...lifetime,
    extensions: [
      ...authorityExtensions(request.pathLength ?? 0),
      keyId,
      ...issuerReference(issuer),
      ...(request.extraExtensions ?? []),
    ],
  });
  return authority(certificate, key, keyId, lifetime.notAfter);
}

/**
 * Takes up an authority that exists as PEM (the first certificate counts).
 * @throws Error when either cannot be parsed, `RangeError` when they do not belong together
 */
export async function loadAuthority(
  certificatePem: string,
  keyPem: string,
  options: { readonly passphrase?: string } = {},
): Promise<Authority> {
  const certificate = new x509.X509Certificate(certificatePem);
  const key = await keyFromPem(keyPem, options.passphrase);
  const spki = Buffer.from(certificate.publicKey.rawData);
  const own = Buffer.from(await crypto.subtle.exportKey("spki", key.publicKey));
  if (!spki.equals(own)) throw new RangeError("the key does not belong to the certificate");
  return {
    certificatePem: `${certificate.toString("pem")}\n`,
    certificateDer: new Uint8Array(certificate.rawData),
    serialNumber: certificate.serialNumber,
    subject: certificate.subjectName,
    key,
    keyPem: keyToPem(key),
    keyId: certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    notAfter: certificate.notAfter,
  };
}

/** The authority key identifier for certificates of this issuer; none when the issuer has no key identifier. */
export function issuerReference(issuer: Authority): readonly CertificateExtension[] {
  return issuer.keyId === undefined ? [] : [authorityKeyId(issuer.keyId)];
}

function authorityExtensions(pathLength: number | undefined): readonly CertificateExtension[] {
  return [basicConstraints(true, pathLength), keyUsage(["keyCertSign", "cRLSign"])];
}

function nameOf(request: AuthorityRequest): DistinguishedName {
  return distinguishedName({ O: request.organization, CN: request.commonName });
}

function authority(
  certificate: IssuedCertificate,
  key: IssuingKey,
  keyId: CertificateExtension,
  notAfter: Date,
): Authority {
  // The extension's value is an OCTET STRING of at most 127 octets: two octets of header, then the identifier.
  const keyIdHex = Buffer.from(keyId.value).subarray(2).toString("hex");
  return { ...certificate, key, keyPem: keyToPem(key), keyId: keyIdHex, notAfter };
}
