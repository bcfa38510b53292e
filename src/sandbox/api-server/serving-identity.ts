/** Who an API server is on the network, and whose client certificates it takes. One can serve many servers. */

import { X509Certificate } from "node:crypto";
import { type Authority, createRoot } from "../../pki/issuing/authority.ts";
import { issueCertificate } from "../../pki/issuing/certificate.ts";
import { extendedKeyUsage, keyUsage, PURPOSE } from "../../pki/issuing/extensions.ts";
import { generateKey, keyToPem } from "../../pki/issuing/keys.ts";
import { issueServing } from "../../pki/issuing/serving.ts";
import type { User } from "./authorization.ts";

/** PEM texts for a listener. */
export interface ServingIdentity {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** What clients verify the server with, and the server its clients' certificates. */
  readonly caPem: string;
}

/** A cluster's own authority: signs its serving certificate and its users' client certificates. */
export interface ClusterAuthority extends ServingIdentity {
  /** A client certificate: the user's name is its CN, each of the groups an O. */
  issueClient(user: User): Promise<ClientCertificate>;
  /** The same authority with another serving certificate, as made by a clock that shows this time. */
  renewed(now: Date): Promise<ClusterAuthority>;
}

export interface ClientCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const YEAR = 365;

/** @param options.hostnames DNS names and addresses that clients use; default localhost and its addresses. */
export async function createClusterAuthority(options: {
  readonly name: string;
  readonly now: Date;
  readonly hostnames?: readonly string[];
}): Promise<ClusterAuthority> {
  const { name, now, hostnames = ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc"] } = options;
  const root = await createRoot({ commonName: `${name}-ca`, now, days: 10 * YEAR });
  const servedFrom = async (from: Date): Promise<ClusterAuthority> => {
    const serving = await issueServing(root, { hostnames: [...hostnames], now: from, days: YEAR });
    return {
      certificatePem: serving.certificatePem,
      keyPem: serving.keyPem,
      caPem: root.certificatePem,
      issueClient: (user) => issueClient(root, user, now),
      renewed: servedFrom,
    };
  };
  return await servedFrom(now);
}

async function issueClient(root: Authority, user: User, now: Date): Promise<ClientCertificate> {
  const key = await generateKey("ecdsa-p256");
  const issued = await issueCertificate({
    subject: [...user.groups.map((group) => ["O", group] as const), ["CN", user.name] as const],
    issuer: root.subject,
    publicKey: key.publicKey,
    signingKey: root.key.privateKey,
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + YEAR * 86_400_000),
    extensions: [keyUsage(["digitalSignature"]), extendedKeyUsage([PURPOSE.clientAuth])],
  });
  return { certificatePem: issued.certificatePem, keyPem: keyToPem(key) };
}

/** Whether a certificate is one at this time. */
export function isValidAt(certificatePem: string, now: Date): boolean {
  const { from, to } = validity(certificatePem);
  return from <= now && now <= to;
}

/** Whether a client that trusts these CAs alone takes the serving certificate, by the runtime's own check. PEM. */
export function isIssuedBy(servingPem: string, caPem: string): boolean {
  return issuance(`${servingPem}\0${caPem}`);
}

const validity = remembering((certificatePem) => {
  const { validFromDate: from, validToDate: to } = new X509Certificate(certificatePem);
  return { from, to };
});

const issuance = remembering((pair) => {
  const [servingPem = "", caPem = ""] = pair.split("\0");
  const serving = new X509Certificate(servingPem);
  const authorities = caPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return authorities
    .map((pem) => new X509Certificate(pem))
    .some((ca) => serving.checkIssued(ca) && serving.verify(ca.publicKey));
});

/** Rancher asks for each request that it passes on, and what a certificate's bytes say never changes. */
function remembering<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text) ?? read(text);
    if (known.size >= TEXTS_KEPT) known.clear();
    known.set(text, found);
    return found;
  };
}

const TEXTS_KEPT = 1_000;
