/** A plain chain (root, issuing CA, leaf for rancher.example.com) in which any field can be changed, and its verdict. */
import { certificateOf } from "../../src/pki/certificate.ts";
import { type ChainVerdict, verifyChain } from "../../src/pki/verification/verify-chain.ts";
import {
  authorityExtension,
  dnsName,
  ecKey,
  keyUsageExtension,
  named,
  namesExtension,
  purposesExtension,
  type WrittenCertificate,
  type WrittenExtension,
  writeCertificate,
} from "./certificate-writing.ts";
import { der, octets, sequence } from "./der-writing.ts";

const AT = new Date("2026-06-01T00:00:00Z");
export const HOST = "rancher.example.com";
const SERVER = "1.3.6.1.5.5.7.3.1";
export const keys = { root: ecKey(), issuing: ecKey(), leaf: ecKey(), other: ecKey() };
export const keyId = (id: number): WrittenExtension => ({ oid: "2.5.29.14", value: octets(Buffer.of(id)) });
const issuerId = (id: number): WrittenExtension => ({
  oid: "2.5.29.35",
  value: sequence(der(0x80, Buffer.of(id))),
});

export const ROOT_EXTENSIONS = [authorityExtension(), keyUsageExtension([5, 6]), keyId(1)];
export const ISSUING_EXTENSIONS = [authorityExtension(), keyUsageExtension([5, 6]), keyId(2), issuerId(1)];
export const LEAF_EXTENSIONS = [
  keyUsageExtension([0]),
  purposesExtension([SERVER]),
  keyId(3),
  issuerId(2),
  namesExtension([dnsName(HOST)]),
];

export const root = (fields: Partial<WrittenCertificate> = {}) =>
  writeCertificate({
    key: keys.root,
    issuer: named("Root"),
    subject: named("Root"),
    extensions: ROOT_EXTENSIONS,
    ...fields,
  });
export const issuing = (fields: Partial<WrittenCertificate> = {}) =>
  writeCertificate({
    key: keys.issuing,
    signer: keys.root,
    issuer: named("Root"),
    subject: named("Issuing"),
    extensions: ISSUING_EXTENSIONS,
    ...fields,
  });
export const leaf = (fields: Partial<WrittenCertificate> = {}) =>
  writeCertificate({
    key: keys.leaf,
    signer: keys.issuing,
    issuer: named("Issuing"),
    subject: named(HOST),
    extensions: LEAF_EXTENSIONS,
    ...fields,
  });

/** The extensions of a plain leaf (or CA) with one replaced or added. */
export const withExtension = (extensions: readonly WrittenExtension[], extension: WrittenExtension) => [
  ...extensions.filter(({ oid: id }) => id !== extension.oid),
  extension,
];
export const without = (extensions: readonly WrittenExtension[], id: string) =>
  extensions.filter((extension) => extension.oid !== id);

export interface Case {
  readonly served?: readonly Buffer[];
  readonly bundle?: readonly Buffer[];
  readonly hostname?: string;
  readonly at?: string;
}

export function verdict({ served = [leaf(), issuing()], bundle = [root()], hostname = HOST, at }: Case): ChainVerdict {
  return verifyChain({
    chain: served.map(certificateOf),
    anchors: bundle.map(certificateOf),
    hostname,
    at: at === undefined ? AT : new Date(at),
  });
}

export const errors = ({ findings }: ChainVerdict) => findings.filter(({ severity }) => severity === "error");
export const codes = (found: ChainVerdict) => errors(found).map(({ code, target }) => `${target}: ${code}`);
export const warnings = ({ findings }: ChainVerdict) =>
  findings.filter(({ severity }) => severity === "warning").map(({ code, target }) => `${target}: ${code}`);
