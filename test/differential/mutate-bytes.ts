/** Mutations below the level of fields: octets, lengths, tags, and the text around the certificates in a bundle. */
import { type DerNode, encode, everyNode, primitive, sequence } from "./der-tree.ts";
import type { DraftCertificate } from "./draft.ts";
import { extension, OID, setExtension } from "./draft-extensions.ts";
import { type Mutation, ofCertificate } from "./mutations.ts";
import type { Random } from "./random.ts";

/** A mutation of the text of the bundle. */
function ofBundle(name: string, bend: (text: string, random: Random) => string): Mutation {
  return {
    name,
    apply: (draft, random) => {
      draft.bendBundle.push((bundle) => Buffer.from(bend(bundle.toString("latin1"), random), "latin1"));
    },
  };
}

/** Replaces one occurrence, chosen at random. */
function replaceOne(text: string, random: Random, pattern: RegExp, replacement: string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const { index, 0: found } = random.pick(matches);
  return text.slice(0, index) + replacement + text.slice(index + found.length);
}

const BEGIN = /-----BEGIN CERTIFICATE-----\n/g;
const END = /-----END CERTIFICATE-----\n/g;

const STRANGE_BEGINNINGS: readonly string[] = [
  "-----BEGIN TRUSTED CERTIFICATE-----\n",
  "-----BEGIN X509 CERTIFICATE-----\n",
  "-----begin certificate-----\n",
  "-----BEGIN CERTIFICATE----- \n",
  "-----BEGIN CERTIFICATE-----\t\r\n",
  " -----BEGIN CERTIFICATE-----\n",
  "x-----BEGIN CERTIFICATE-----\n",
  "----BEGIN CERTIFICATE-----\n",
  "-----BEGIN CERTIFICATE----\n",
  "-----BEGIN CERTIFICATE-----",
  "-----BEGIN CERTIFICATE-----\n\n",
  "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\n",
  "-----BEGIN CERTIFICATE-----\nName: value\n",
  "-----BEGIN CERTIFICATE-----\nName: value\n\n",
  "-----BEGIN CERTIFICATE-----\n: value\n",
  "-----BEGIN CERTIFICATE-----\n# comment\n",
  "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
  "-----BEGIN -----\n-----BEGIN CERTIFICATE-----\n",
  "-----BEGIN JUNK-----\n-----END JUNK-----\n-----BEGIN CERTIFICATE-----\n",
  "-----BEGIN JUNK-----\nAAAA\n-----BEGIN CERTIFICATE-----\n",
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
  "# comment\n-----BEGIN CERTIFICATE-----\n",
  "subject=CN = a\n\n\n-----BEGIN CERTIFICATE-----\n",
];

const STRANGE_ENDS: readonly string[] = [
  "-----END CERTIFICATE-----",
  "-----END CERTIFICATE-----\n\n\n",
  "-----END CERTIFICATE----- \n",
  "-----END CERTIFICATE-----x\n",
  " -----END CERTIFICATE-----\n",
  "-----END CERTIFICATE----\n",
  "-----END TRUSTED CERTIFICATE-----\n",
  "-----END-----\n",
  "",
  "\n-----END CERTIFICATE-----\n",
  "=\n-----END CERTIFICATE-----\n",
  "====\n-----END CERTIFICATE-----\n",
  "=AbCd\n-----END CERTIFICATE-----\n",
  "AA\n-----END CERTIFICATE-----\n",
  "AAAA\n-----END CERTIFICATE-----\n",
  "!\n-----END CERTIFICATE-----\n",
  "\0\n-----END CERTIFICATE-----\n",
];

function bendOctet(der: Buffer, random: Random): Buffer {
  const bent = Buffer.from(der);
  const index = random.below(bent.length);
  bent[index] = random.chance(0.5) ? (bent[index] ?? 0) ^ (1 << random.below(8)) : random.below(256);
  return bent;
}

/** Structure: a node loses its place, appears twice, changes its tag, is spelt with a longer length. */
function bendNode(root: DerNode, random: Random): void {
  const parents = everyNode(root).filter((node) => (node.children?.length ?? 0) > 0);
  if (parents.length === 0) return;
  const { children = [] } = random.pick(parents);
  const index = random.below(children.length);
  const node = random.pick(children);
  const bends: readonly (() => void)[] = [
    () => children.splice(index, 1),
    () => children.splice(index, 0, node),
    () => children.reverse(),
    () => children.push(primitive(0x05, [])),
    () => {
      node.tag = random.pick([0x02, 0x04, 0x05, 0x0c, 0x13, 0x30, 0x31, 0x80, 0xa0, 0x24, 0x1f, node.tag ^ 0x20]);
    },
    () => {
      node.lengthOctets = random.pick([1, 2, 3, 4, 5, 8]);
    },
    () => {
      delete node.children;
      node.content = new Uint8Array();
    },
  ];
  random.pick(bends)();
}

/** BER's open-ended length, which DER forbids. */
function indefinite(der: Buffer): Buffer {
  const header = (der[1] ?? 0) < 0x80 ? 2 : 2 + ((der[1] ?? 0) & 0x7f);
  return Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(header), Buffer.from([0, 0])]);
}

function bendLate(name: string, bend: (der: Buffer, random: Random) => Buffer): Mutation {
  return ofCertificate(name, (it, random) => {
    it.bend.push((der) => bend(der, random));
  });
}

function bendSigned(it: DraftCertificate, random: Random): void {
  it.bendTbs.push((tbs) => bendNode(tbs, random));
}

export const BYTE_MUTATIONS: readonly Mutation[] = [
  bendLate("octet changed", bendOctet),
  ofCertificate("octet changed, then signed", (it, random) => {
    it.bendTbs.push((tbs) => {
      const leaves = everyNode(tbs).filter((node) => node.children === undefined && node.content.length > 0);
      const leaf = random.pick(leaves);
      leaf.content = bendOctet(Buffer.from(leaf.content), random);
    });
  }),
  ofCertificate("structure changed, then signed", bendSigned),
  ofCertificate("structure changed twice, then signed", (it, random) => {
    bendSigned(it, random);
    bendSigned(it, random);
  }),
  ofCertificate("length longer than needed, then signed", (it, random) => {
    it.bendTbs.push((tbs) => {
      random.pick(everyNode(tbs)).lengthOctets = random.pick([1, 2, 3, 4]);
    });
  }),
  ofCertificate("octet changed inside an extension", (it, random) => {
    const oid = random.pick(Object.values(OID));
    setExtension(it, extension(oid, bendOctet(encode(sequence(primitive(0x82, "a.example"))), random)));
  }),
  bendLate("cut short", (der, random) => der.subarray(0, random.below(der.length))),
  bendLate("octets after the end", (der, random) =>
    Buffer.concat([der, Buffer.from(random.pick(["\0", "\n", "05 00"]))]),
  ),
  bendLate("open-ended length", indefinite),
  bendLate("empty", () => Buffer.alloc(0)),
  bendLate("octet left out", (der, random) => {
    const index = random.below(der.length);
    return Buffer.concat([der.subarray(0, index), der.subarray(index + 1)]);
  }),
  ofBundle("CRLF", (text) => text.replaceAll("\n", "\r\n")),
  ofBundle("CR alone", (text) => text.replaceAll("\n", "\r")),
  ofBundle("byte order mark", (text) => `\xef\xbb\xbf${text}`),
  ofBundle("no newline at the end", (text) => text.trimEnd()),
  ofBundle("newlines around", (text) => `\n\n${text}\n\n`),
  ofBundle("blank lines between", (text) => text.replaceAll("\n", "\n\n")),
  ofBundle("blanks at the end of lines", (text) => text.replaceAll("\n", " \n")),
  ofBundle("indented", (text) => text.replaceAll(/^/gm, "  ")),
  ofBundle("one long line", (text) => text.replaceAll(/([A-Za-z0-9+/=])\n(?!-)/g, "$1")),
  ofBundle("strange beginning", (text, random) => replaceOne(text, random, BEGIN, random.pick(STRANGE_BEGINNINGS))),
  ofBundle("strange end", (text, random) => replaceOne(text, random, END, random.pick(STRANGE_ENDS))),
  ofBundle("comment before", (text) => `Issued by the example authority - for tests\n${text}`),
  ofBundle("garbage in front", (text) => `-----BEGIN NONSENSE\n${text}`),
  ofBundle("character changed", (text, random) => {
    const index = random.below(Math.max(text.length, 1));
    return text.slice(0, index) + random.pick(["A", "=", "-", "\n", " ", "\0", ":", "\x80"]) + text.slice(index + 1);
  }),
  ofBundle("cut in the middle", (text, random) => text.slice(0, random.below(Math.max(text.length, 1)))),
  ofBundle("base64 for URLs", (text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ofBundle("twice over", (text) => text + text),
];
