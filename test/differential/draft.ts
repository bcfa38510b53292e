/** A handshake that is being bent: certificates as trees, each with the key that will sign it again. */
import { type KeyObject, sign } from "node:crypto";
import { bitString, copy, type DerNode, encode, parse, primitive } from "./der-tree.ts";
import { algorithmIdentifier, hashName, type SignatureKind, signingOptions } from "./signature-kinds.ts";

/** A certificate whose fields can be changed and which is signed again when it is written. */
export interface DraftCertificate {
  /** TBSCertificate: version, serial, algorithm, issuer, validity, subject, key, extensions (RFC 5280 §4.1). */
  tbs: DerNode;
  signer: KeyObject;
  /** The private half of the key that it certifies. */
  key: KeyObject;
  signature: SignatureKind;
  /** The algorithm inside the signed part, where it is to differ from the outer one. */
  innerAlgorithm?: DerNode;
  /** Applied to the signed part, before it is signed. */
  bendTbs: ((tbs: DerNode) => void)[];
  /** Applied to the finished bytes, signature included. */
  bend: ((der: Buffer) => Buffer)[];
  /** The bytes as issued, which stand as long as nothing was changed. */
  readonly issued: { readonly tbs: string; readonly der: Uint8Array; readonly signer: KeyObject };
}

export interface Draft {
  /** Leaf first. */
  chain: DraftCertificate[];
  anchors: DraftCertificate[];
  hostname: string;
  at: Date;
  /** Applied to the finished bundle. */
  readonly bendBundle: ((bundle: Buffer) => Buffer)[];
  /** Names of what was done to it. */
  readonly story: string[];
}

/** What an agent would get to see. */
export interface Handshake {
  readonly id: number;
  readonly bundle: Buffer;
  readonly chain: readonly Buffer[];
  readonly hostname: string;
  readonly at: Date;
}

/** Takes an issued certificate apart. `signer` is its issuer's key, `key` its own. */
export function draftOf(der: Uint8Array, signer: KeyObject, key: KeyObject): DraftCertificate {
  const tbs = field(parse(der), 0);
  const issued = { tbs: encode(tbs).toString("latin1"), der, signer };
  return { tbs, signer, key, signature: "own", bendTbs: [], bend: [], issued };
}

/** An independent copy, so that one certificate can stand in several places and differ. */
export function copyCertificate(certificate: DraftCertificate): DraftCertificate {
  const { tbs, bend, bendTbs } = certificate;
  return { ...certificate, tbs: copy(tbs), bend: [...bend], bendTbs: [...bendTbs] };
}

export function copyDraft(draft: Draft): Draft {
  return {
    ...draft,
    chain: draft.chain.map(copyCertificate),
    anchors: draft.anchors.map(copyCertificate),
    bendBundle: [...draft.bendBundle],
    story: [...draft.story],
  };
}

/** Signs and writes everything. */
export function finish(draft: Draft, id: number): Handshake {
  const pems = draft.anchors.map((anchor) => toPem(write(anchor)));
  const bundle = draft.bendBundle.reduce<Buffer>((bytes, bend) => bend(bytes), Buffer.from(pems.join("")));
  return { id, bundle, chain: draft.chain.map(write), hostname: draft.hostname, at: draft.at };
}

/** A PEM block with lines of 64 characters. */
function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** The certificate's bytes. What was not changed is not signed again, which saves most of the time. */
function write(certificate: DraftCertificate): Buffer {
  const der = isAsIssued(certificate) ? Buffer.from(certificate.issued.der) : signAgain(certificate);
  return certificate.bend.reduce<Buffer>((bytes, bend) => bend(bytes), der);
}

function isAsIssued({ issued, tbs, signer, signature, innerAlgorithm, bendTbs }: DraftCertificate): boolean {
  if (signature !== "own" || innerAlgorithm !== undefined || bendTbs.length > 0 || signer !== issued.signer)
    return false;
  return encode(tbs).toString("latin1") === issued.tbs;
}

function signAgain({ tbs: original, signer, signature, innerAlgorithm, bendTbs }: DraftCertificate): Buffer {
  const algorithm = algorithmIdentifier(signer, signature);
  const tbs = copy(original);
  tbs.children?.splice(hasVersion(tbs) ? 2 : 1, 1, innerAlgorithm ?? algorithm);
  for (const bend of bendTbs) bend(tbs);
  const signed = encode(tbs);
  const value = sign(hashName(signer, signature), signed, signingOptions(signer, signature));
  return encode(primitive(0x30, Buffer.concat([signed, encode(algorithm), encode(bitString(value))])));
}

/** Version 1 is written by leaving the field out. */
export function hasVersion(tbs: DerNode): boolean {
  return tbs.children?.[0]?.tag === 0xa0;
}

/** The n-th child of a node that is known to have it. */
export function field(node: DerNode, index: number): DerNode {
  const child = node.children?.[index];
  if (child === undefined) throw new RangeError(`no field ${index}`);
  return child;
}

/** Fields of the signed part by name, wherever a missing version moved them. */
export const FIELDS = { serial: 1, algorithm: 2, issuer: 3, validity: 4, subject: 5, publicKey: 6 } as const;

/** Replaces a field of the signed part. */
export function setField(certificate: DraftCertificate, name: keyof typeof FIELDS, value: DerNode): void {
  certificate.tbs.children?.splice(FIELDS[name] - (hasVersion(certificate.tbs) ? 0 : 1), 1, value);
}

export function getField(certificate: DraftCertificate, name: keyof typeof FIELDS): DerNode {
  return field(certificate.tbs, FIELDS[name] - (hasVersion(certificate.tbs) ? 0 : 1));
}
