/** Reads and changes the extensions of a draft. */
import { boolean, constructed, type DerNode, encode, objectIdentifier, octetString, sequence } from "./der-tree.ts";
import type { DraftCertificate } from "./draft.ts";

export const OID = {
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  crlDistributionPoints: "2.5.29.31",
  certificatePolicies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyId: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
  unknown: "1.3.6.1.4.1.99999.1",
} as const;

/** An extension as RFC 5280 §4.1 has it; `critical` is left out when false, as DER wants it. */
export function extension(oid: string, value: DerNode | Uint8Array, critical = false): DerNode {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** The extensions, to be changed in place; a certificate without any gets an empty list. */
export function extensionsOf({ tbs }: DraftCertificate): DerNode[] {
  const found = tbs.children?.find((child) => child.tag === 0xa3)?.children?.[0];
  if (found?.children !== undefined) return found.children;
  const list = sequence();
  tbs.children?.push(constructed(0xa3, list));
  return list.children ?? [];
}

/** Replaces the extension of this OID where it stands, or adds it at the end. */
export function setExtension(certificate: DraftCertificate, replacement: DerNode): void {
  const list = extensionsOf(certificate);
  const index = list.findIndex((it) => oidOf(it) === oidOf(replacement));
  list.splice(index === -1 ? list.length : index, index === -1 ? 0 : 1, replacement);
}

export function removeExtension(certificate: DraftCertificate, oid: string): void {
  const list = extensionsOf(certificate);
  const wanted = encode(objectIdentifier(oid)).toString("hex");
  const index = list.findIndex((it) => oidOf(it) === wanted);
  if (index !== -1) list.splice(index, 1);
}

function oidOf(it: DerNode): string | undefined {
  const [oid] = it.children ?? [];
  return oid === undefined ? undefined : encode(oid).toString("hex");
}
