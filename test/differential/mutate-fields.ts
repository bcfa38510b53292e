/** Mutations of the fields of a certificate: version, serial number, names, times, keys, signatures. */
import { createPublicKey } from "node:crypto";
import {
  bitString,
  constructed,
  type DerNode,
  encode,
  everyNode,
  integer,
  objectIdentifier,
  parse,
  primitive,
  sequence,
} from "./der-tree.ts";
import { type DraftCertificate, field, getField, hasVersion, setField } from "./draft.ts";
import { type Mutation, ofAuthority, ofCertificate, ofLeaf } from "./mutations.ts";
import type { Random } from "./random.ts";
import { algorithmIdentifier, SIGNATURE_KINDS } from "./signature-kinds.ts";

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** Encodings of times: sound, sloppy, impossible. */
const TIMES: readonly DerNode[] = [
  primitive(UTC_TIME, "260101000000Z"),
  primitive(UTC_TIME, "270101000000Z"),
  primitive(UTC_TIME, "500101000000Z"),
  primitive(UTC_TIME, "490101000000Z"),
  primitive(UTC_TIME, "2601010000Z"),
  primitive(UTC_TIME, "260101000000+0000"),
  primitive(UTC_TIME, "260101010000+0100"),
  primitive(UTC_TIME, "2601010000+0100"),
  primitive(UTC_TIME, "260230000000Z"),
  primitive(UTC_TIME, "261301000000Z"),
  primitive(UTC_TIME, "260101240000Z"),
  primitive(UTC_TIME, "260101235960Z"),
  primitive(UTC_TIME, "260101000000"),
  primitive(UTC_TIME, "26010100000Z"),
  primitive(UTC_TIME, " 60101000000Z"),
  primitive(UTC_TIME, "20260101000000Z"),
  primitive(GENERALIZED_TIME, "20260101000000Z"),
  primitive(GENERALIZED_TIME, "20270101000000Z"),
  primitive(GENERALIZED_TIME, "20270101000000.5Z"),
  primitive(GENERALIZED_TIME, "20270101000000.000Z"),
  primitive(GENERALIZED_TIME, "20270101000000,5Z"),
  primitive(GENERALIZED_TIME, "20270101000000+0100"),
  primitive(GENERALIZED_TIME, "202701010000Z"),
  primitive(GENERALIZED_TIME, "99991231235959Z"),
  primitive(GENERALIZED_TIME, "00000101000000Z"),
  primitive(GENERALIZED_TIME, "00010101000000Z"),
  primitive(GENERALIZED_TIME, "20240229000000Z"),
  primitive(GENERALIZED_TIME, "20230229000000Z"),
  primitive(GENERALIZED_TIME, "270101000000Z"),
  primitive(0x1a, "20270101000000Z"),
  primitive(UTC_TIME, ""),
];

const SERIALS: readonly DerNode[] = [
  integer(0),
  integer(1),
  integer(0x80),
  integer(0xff),
  integer(0, 0, 1),
  integer(0, 0x80),
  integer(0xff, 0x80),
  integer(),
  primitive(0x02, new Uint8Array(20).fill(0x7f)),
  primitive(0x02, new Uint8Array(21).fill(0x7f)),
  primitive(0x02, new Uint8Array(200).fill(0x7f)),
  primitive(0x0a, [1]),
];

const VERSIONS: readonly DerNode[] = [0, 1, 2, 3, 5, 0xff].map((number) => constructed(0xa0, integer(number)));

const COMMON_NAME = "2.5.4.3";

const NAMES: readonly DerNode[] = [
  sequence(),
  name(0x0c, "Differential Root"),
  name(0x13, "Differential Root"),
  name(0x16, "Differential Root"),
  name(0x14, "Differential Root"),
  name(0x0c, "differential root"),
  name(0x13, "under_score*"),
  name(0x13, "caf\xe9"),
  name(0x0c, "caf\xe9"),
  name(0x0c, "caf\xc3\xa9"),
  name(0x16, "caf\xe9"),
  name(0x1e, "\x00a\x00b"),
  name(0x1e, "\x00a\x00"),
  name(0x1e, "\xd8\x00\xdc\x00"),
  name(0x1c, "\x00\x00\x00a"),
  name(0x12, "1234"),
  name(0x12, "12a4"),
  name(0x0c, ""),
  name(0x13, "rancher.example.com"),
  name(0x0c, "x".repeat(300)),
  constructed(0x30, constructed(0x31)),
  constructed(0x30, constructed(0x31, sequence(objectIdentifier(COMMON_NAME)))),
  constructed(0x30, constructed(0x31, sequence(objectIdentifier(COMMON_NAME), integer(1)))),
  constructed(0x30, sequence(sequence(objectIdentifier(COMMON_NAME), primitive(0x0c, "no set")))),
  constructed(0x30, constructed(0x31, attribute(0x0c, "b"), attribute(0x0c, "a"))),
];

function name(tag: number, value: string): DerNode {
  return sequence(constructed(0x31, attribute(tag, value)));
}

function attribute(tag: number, value: string): DerNode {
  return sequence(objectIdentifier(COMMON_NAME), primitive(tag, value));
}

function setVersion({ tbs }: DraftCertificate, version: DerNode | undefined): void {
  tbs.children?.splice(0, hasVersion(tbs) ? 1 : 0, ...(version === undefined ? [] : [version]));
}

function withoutExtensions({ tbs }: DraftCertificate): void {
  tbs.children = tbs.children?.filter((child) => child.tag !== 0xa3) ?? [];
}

/** Changes one octet of one value inside the key: the modulus, the point, the curve's name. */
function bendKey(certificate: DraftCertificate, random: Random): void {
  const leaves = everyNode(getField(certificate, "publicKey")).filter((node) => node.children === undefined);
  const leaf = random.pick(leaves);
  const content = Uint8Array.from(leaf.content);
  if (content.length > 0) content[random.below(Math.min(content.length, 6))] = random.below(256);
  leaf.content = content;
}

/** RSA public exponents: RFC 8017 asks for odd ones above two; Go takes what fits 31 bits. */
const EXPONENTS: readonly DerNode[] = [
  integer(3),
  integer(1),
  integer(2),
  integer(0),
  integer(0xff),
  integer(0, 1, 0, 1),
  integer(0x7f, 0xff, 0xff, 0xff),
  integer(0, 0x80, 0, 0, 1),
  integer(1, 0, 0, 0, 1),
];

function setExponent(certificate: DraftCertificate, random: Random): void {
  if (certificate.key.asymmetricKeyType !== "rsa") return;
  const bits = field(getField(certificate, "publicKey"), 1);
  const key = parse(bits.content.subarray(1));
  key.children?.splice(1, 1, random.pick(EXPONENTS));
  bits.content = bitString(encode(key)).content;
}

export const FIELD_MUTATIONS: readonly Mutation[] = [
  ofCertificate("version", (it, random) => setVersion(it, random.pick(VERSIONS))),
  ofCertificate("version 1", (it) => setVersion(it, undefined)),
  ofCertificate("version 1 without extensions", (it) => {
    setVersion(it, undefined);
    withoutExtensions(it);
  }),
  ofCertificate("no extensions", withoutExtensions),
  ofCertificate("serial number", (it, random) => setField(it, "serial", random.pick(SERIALS))),
  ofCertificate("inner algorithm", (it, random, { strangers }) => {
    it.innerAlgorithm = algorithmIdentifier(random.pick(strangers), random.pick(SIGNATURE_KINDS));
  }),
  ofCertificate("inner algorithm with NULL", (it) => {
    const own = algorithmIdentifier(it.signer, "own");
    it.innerAlgorithm = sequence(...(own.children ?? []), primitive(0x05, []));
  }),
  ofCertificate("signature kind", (it, random) => {
    it.signature = random.pick(SIGNATURE_KINDS);
  }),
  ofCertificate("signed by a stranger", (it, random, { strangers }) => {
    it.signer = random.pick(strangers);
  }),
  ofCertificate("signature broken", (it, random) => {
    it.bend.push((der) =>
      Buffer.concat([der.subarray(0, -1), Buffer.from([(der.at(-1) ?? 0) ^ (1 << random.below(8))])]),
    );
  }),
  ofCertificate("not before", (it, random) => {
    getField(it, "validity").children?.splice(0, 1, random.pick(TIMES));
  }),
  ofCertificate("not after", (it, random) => {
    getField(it, "validity").children?.splice(1, 1, random.pick(TIMES));
  }),
  ofCertificate("validity swapped", (it) => {
    getField(it, "validity").children?.reverse();
  }),
  ofCertificate("subject", (it, random) => setField(it, "subject", random.pick(NAMES))),
  ofCertificate("issuer", (it, random) => setField(it, "issuer", random.pick(NAMES))),
  ofLeaf("subject of a leaf", (it, random) => setField(it, "subject", random.pick(NAMES))),
  ofCertificate("unique identifier", (it, random) => {
    const tag = random.pick([0x81, 0x82, 0xa1]);
    it.bendTbs.push((tbs) => tbs.children?.splice(7, 0, primitive(tag, [0, 0x55])));
  }),
  ofCertificate("another key", (it, random, { strangers }) => {
    const key = random.pick(strangers);
    setField(it, "publicKey", parse(createPublicKey(key).export({ format: "der", type: "spki" })));
  }),
  ofLeaf("leaf with a stranger's key", (it, random, { strangers }) => {
    const key = random.pick(strangers);
    setField(it, "publicKey", parse(createPublicKey(key).export({ format: "der", type: "spki" })));
  }),
  ofCertificate("key bent", bendKey),
  ofLeaf("key of a leaf bent", bendKey),
  ofCertificate("exponent", setExponent),
  ofCertificate("key algorithm without parameters", (it) => {
    field(getField(it, "publicKey"), 0).children?.splice(1, 1);
  }),
  ofCertificate("key algorithm with a third element", (it) => {
    field(getField(it, "publicKey"), 0).children?.push(primitive(0x05, []));
  }),
  ofAuthority("key algorithm with NULL", (it) => {
    field(getField(it, "publicKey"), 0).children?.splice(1, 1, primitive(0x05, []));
  }),
];
