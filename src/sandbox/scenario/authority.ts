import { createIntermediate, createRoot, type Authority as Issuer } from "../../pki/issuing/authority.ts";
import { issueServing } from "../../pki/issuing/serving.ts";
import type { Clock } from "../clock.ts";

/** What a serving certificate is to be; the defaults fit the sandbox's ingress. */
export interface ServingRequest {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A private CA as a company has it: a root, and an issuing CA under it. */
export interface Authority {
  /** PEM, issuing CA and then root: what goes into `tls-ca`. */
  readonly bundle: string;
  readonly rootPem: string;
  readonly intermediatePem: string;
  readonly rootKeyPem: string;
  readonly intermediateKeyPem: string;
  /** A serving certificate with the issuing CA behind it, and its key, both PEM. */
  issue(request?: ServingRequest): Promise<{ readonly certificate: string; readonly key: string }>;
}

export interface SandboxPki {
  /** The authority that signed the certificate with which the estate came up. */
  readonly today: Authority;
  /** The stand-in of a public authority: its root is in the system's store of every agent's image. */
  readonly publicCa: Authority;
  newAuthority(name: string): Promise<Authority>;
}

/** Whose today's authority is: a company's, the one that Rancher has made for itself, or the public one. */
export type TodayIs = "private" | "generated" | "public";

export async function createPki(clock: Clock, todayIs: TodayIs = "private"): Promise<SandboxPki> {
  const newAuthority = (name: string) => createAuthority(name, clock);
  const publicCa = await createAuthority("Public", clock, "Example Trust Services");
  switch (todayIs) {
    case "private":
      return { today: await newAuthority("A"), publicCa, newAuthority };
    case "generated":
      return { today: await generatedAuthority(clock), publicCa, newAuthority };
    case "public":
      return { today: publicCa, publicCa, newAuthority };
  }
}

/** One root that signs by itself (dynamiclistener's LoadOrGenCA: ten years). */
async function generatedAuthority(clock: Clock): Promise<Authority> {
  const now = clock.now();
  const commonName = `dynamiclistener-ca@${Math.floor(now.getTime() / 1000)}`;
  const root = await createRoot({ commonName, organization: "dynamiclistener-org", now, days: 3650 });
  const { certificatePem, keyPem } = root;
  return {
    bundle: certificatePem,
    rootPem: certificatePem,
    intermediatePem: certificatePem,
    rootKeyPem: keyPem,
    intermediateKeyPem: keyPem,
    issue: async (request = {}) => {
      const { certificate, key } = await issue(root, request, clock.now());
      // What signs it is not sent along: it is what everybody trusts.
      return { certificate: certificate.slice(0, -certificatePem.length), key };
    },
  };
}

async function createAuthority(name: string, clock: Clock, organization = "Example Corp"): Promise<Authority> {
  const now = clock.now();
  const root = await createRoot({ commonName: `Example Root ${name}`, organization, now, days: 3650 });
  const issuing = await createIntermediate(root, {
    commonName: `Example Issuing ${name}`,
    organization,
    now,
    days: 1825,
  });
  return {
    bundle: issuing.certificatePem + root.certificatePem,
    rootPem: root.certificatePem,
    intermediatePem: issuing.certificatePem,
    rootKeyPem: root.keyPem,
    intermediateKeyPem: issuing.keyPem,
    issue: (request = {}) => issue(issuing, request, clock.now()),
  };
}

async function issue(
  issuer: Issuer,
  request: ServingRequest,
  now: Date,
): Promise<{ certificate: string; key: string }> {
  const { dnsNames = ["localhost"], ipAddresses = ["127.0.0.1"], notBefore, notAfter } = request;
  const leaf = await issueServing(issuer, {
    hostnames: [...dnsNames, ...ipAddresses],
    now,
    ...(notAfter === undefined ? { days: 397 } : { notAfter }),
    ...(notBefore === undefined ? {} : { notBefore }),
  });
  return { certificate: leaf.certificatePem + issuer.certificatePem, key: leaf.keyPem };
}
