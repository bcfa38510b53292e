/** Mutations of extensions: there or not, critical or not, twice, in another order, with other values. */
import {
  bitString,
  boolean,
  constructed,
  type DerNode,
  integer,
  objectIdentifier,
  octetString,
  primitive,
  sequence,
} from "./der-tree.ts";
import type { DraftCertificate } from "./draft.ts";
import { extension, extensionsOf, OID, removeExtension, setExtension } from "./draft-extensions.ts";
import { ALTERNATIVE_NAMES, CONSTRAINTS, dns } from "./general-names.ts";
import { type Mutation, ofAuthority, ofCertificate, ofLeaf } from "./mutations.ts";
import type { Random } from "./random.ts";

const ALL_OIDS = Object.values(OID);

const BASIC_CONSTRAINTS: readonly DerNode[] = [
  sequence(),
  sequence(boolean(true)),
  sequence(boolean(false)),
  sequence(boolean(true), integer(0)),
  sequence(boolean(true), integer(1)),
  sequence(boolean(true), integer(200)),
  sequence(boolean(true), integer(0, 200)),
  sequence(boolean(true), integer(0xff)),
  sequence(boolean(true), integer(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
  sequence(boolean(true), integer(0, 0x80, 0, 0, 0, 0, 0, 0, 0)),
  sequence(boolean(true), integer(0, 0)),
  sequence(integer(0)),
  sequence(boolean(false), integer(0)),
  sequence(primitive(0x01, [1])),
  sequence(primitive(0x01, [])),
  sequence(boolean(true), integer(0), integer(0)),
  sequence(integer(0), boolean(true)),
  primitive(0x05, []),
];

const KEY_USAGES: readonly DerNode[] = [
  bitString([0x06], 1),
  bitString([0x80], 7),
  bitString([0xff], 0),
  bitString([0x02], 1),
  bitString([0x04], 2),
  bitString([0x07, 0x80], 7),
  bitString([0x00], 0),
  bitString([], 0),
  bitString([], 3),
  bitString([0x06], 0),
  bitString([0x07], 1),
  bitString([0x06], 9),
  bitString([0x06, 0, 0, 0, 0], 0),
  primitive(0x03, []),
  primitive(0x04, [6]),
  sequence(),
];

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const PURPOSES = [
  SERVER_AUTH,
  "1.3.6.1.5.5.7.3.2",
  "1.3.6.1.5.5.7.3.3",
  "1.3.6.1.5.5.7.3.9",
  "2.5.29.37.0",
  "1.3.6.1.4.1.311.10.3.3",
  "2.16.840.1.113730.4.1",
  OID.unknown,
];

const MALFORMED_PURPOSES: readonly DerNode[] = [
  sequence(),
  sequence(primitive(0x06, [])),
  sequence(primitive(0x06, [0x80, 0x01])),
  sequence(primitive(0x06, [0x2b, 0x80])),
  sequence(primitive(0x06, [0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f])),
  sequence(primitive(0x06, [0x2b, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00])),
  sequence(integer(1)),
  objectIdentifier(SERVER_AUTH),
];

const KEY_IDS: readonly DerNode[] = [
  primitive(0x04, [1, 2, 3]),
  primitive(0x04, []),
  primitive(0x03, [0, 1]),
  sequence(),
  primitive(0x04, new Uint8Array(64)),
];

const AUTHORITY_KEY_IDS: readonly DerNode[] = [
  sequence(primitive(0x80, [1, 2, 3])),
  sequence(primitive(0x80, [])),
  sequence(),
  sequence(constructed(0xa1, constructed(0xa4, sequence())), primitive(0x82, [1])),
  sequence(primitive(0x82, [1])),
  sequence(primitive(0x80, [1]), primitive(0x80, [2])),
  primitive(0x04, [1, 2, 3]),
  constructed(0x31, primitive(0x80, [1])),
];

const ANY_POLICY = "2.5.29.32.0";
const policies = (...oids: string[]): DerNode => sequence(...oids.map((oid) => sequence(objectIdentifier(oid))));

const POLICY_EXTENSIONS: readonly DerNode[] = [
  extension(OID.certificatePolicies, policies("1.2.3")),
  extension(OID.certificatePolicies, policies("1.2.4"), true),
  extension(OID.certificatePolicies, policies(ANY_POLICY)),
  extension(OID.certificatePolicies, policies("1.2.3", "1.2.3")),
  extension(OID.certificatePolicies, sequence()),
  extension(OID.certificatePolicies, sequence(sequence())),
  extension(OID.certificatePolicies, integer(1)),
  extension(OID.policyConstraints, sequence(primitive(0x80, [0])), true),
  extension(OID.policyConstraints, sequence(primitive(0x80, [1]))),
  extension(OID.policyConstraints, sequence(primitive(0x81, [0])), true),
  extension(OID.policyConstraints, sequence(primitive(0x80, [0]), primitive(0x81, [0])), true),
  extension(OID.policyConstraints, sequence(), true),
  extension(OID.policyConstraints, sequence(primitive(0x80, [0xff])), true),
  extension(OID.policyMappings, sequence(sequence(objectIdentifier("1.2.3"), objectIdentifier("1.2.4"))), true),
  extension(OID.policyMappings, sequence(sequence(objectIdentifier("1.2.3"), objectIdentifier(ANY_POLICY)))),
  extension(OID.policyMappings, sequence()),
  extension(OID.inhibitAnyPolicy, integer(0), true),
  extension(OID.inhibitAnyPolicy, integer(1)),
  extension(OID.inhibitAnyPolicy, integer(0xff), true),
  extension(OID.inhibitAnyPolicy, sequence()),
];

const point = (uri: string): DerNode => sequence(constructed(0xa0, constructed(0xa0, primitive(0x86, uri))));

const OTHER_EXTENSIONS: readonly DerNode[] = [
  extension(OID.crlDistributionPoints, sequence(point("http://crl.example.com/"))),
  extension(OID.crlDistributionPoints, sequence(point("http://crl.example.com/")), true),
  extension(OID.crlDistributionPoints, sequence(sequence())),
  extension(OID.crlDistributionPoints, sequence(integer(1))),
  extension(OID.crlDistributionPoints, integer(1)),
  extension(
    OID.authorityInfoAccess,
    sequence(sequence(objectIdentifier("1.3.6.1.5.5.7.48.1"), primitive(0x86, "http://o"))),
  ),
  extension(
    OID.authorityInfoAccess,
    sequence(sequence(objectIdentifier("1.3.6.1.5.5.7.48.1"), primitive(0x86, "http://o"))),
    true,
  ),
  extension(OID.authorityInfoAccess, sequence(sequence(objectIdentifier("1.3.6.1.5.5.7.48.2"), primitive(0x82, "o")))),
  extension(OID.authorityInfoAccess, sequence(sequence())),
  extension(OID.authorityInfoAccess, sequence()),
  extension(OID.unknown, integer(1)),
  extension(OID.unknown, integer(1), true),
  extension(OID.unknown, new Uint8Array()),
  extension("2.5.29.16", sequence(), true),
  extension("2.5.29.18", sequence(dns("a")), true),
  extension("2.5.29.9", sequence(), true),
];

/** Ways of writing an extension itself: RFC 5280 §4.1, and what is not it. */
function writtenOddly(oid: string, random: Random): DerNode {
  const id = objectIdentifier(oid);
  const value = octetString(integer(1));
  return random.pick([
    sequence(id, boolean(false), value),
    sequence(id, primitive(0x01, [1]), value),
    sequence(id, value, boolean(true)),
    sequence(id, boolean(true), boolean(true), value),
    sequence(id),
    sequence(id, value, value),
    sequence(id, primitive(0x05, []), value),
    sequence(value),
    sequence(),
    constructed(0x31, id, value),
    integer(1),
  ]);
}

function alternativeNames(random: Random): DerNode {
  const names = Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, () => random.pick(ALTERNATIVE_NAMES));
  return sequence(...random.shuffled(random.chance(0.4) ? [...names, dns("rancher.example.com")] : names));
}

function nameConstraints(random: Random): DerNode {
  const lists = [0, 1].flatMap((side) => {
    if (!random.chance(0.6)) return [];
    const subtrees = Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, () => subtree(random));
    return [constructed(0xa0 + side, ...subtrees)];
  });
  return sequence(...(random.chance(0.04) ? lists.reverse() : lists));
}

function subtree(random: Random): DerNode {
  const base = random.pick(CONSTRAINTS);
  if (random.chance(0.03)) return sequence(base, primitive(0x80, [0]));
  if (random.chance(0.03)) return sequence(base, primitive(0x81, [5]));
  return sequence(base);
}

function purposes(random: Random): DerNode {
  const chosen = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => random.pick(PURPOSES));
  return sequence(...chosen.map(objectIdentifier));
}

function toggleCritical(it: DraftCertificate, random: Random): void {
  const list = extensionsOf(it);
  if (list.length === 0) return;
  const parts = random.pick(list).children ?? [];
  if (parts[1]?.tag === 0x01) parts.splice(1, 1);
  else parts.splice(1, 0, boolean(true));
}

export const EXTENSION_MUTATIONS: readonly Mutation[] = [
  ofCertificate("extension left out", (it, random) => removeExtension(it, random.pick(ALL_OIDS))),
  ofCertificate("extension twice", (it, random) => {
    const list = extensionsOf(it);
    if (list.length > 0) list.push(random.pick(list));
  }),
  ofCertificate("extensions in another order", (it, random) => {
    const list = extensionsOf(it);
    list.splice(0, list.length, ...random.shuffled(list));
  }),
  ofCertificate("extension's critical flag", toggleCritical),
  ofCertificate("no extension in the list", (it) => {
    extensionsOf(it).length = 0;
  }),
  ofCertificate("extension written oddly", (it, random) => {
    setExtension(it, writtenOddly(random.pick([OID.unknown, OID.unknown, ...ALL_OIDS]), random));
  }),
  ofCertificate("extension with something after its value", (it, random) => {
    const list = extensionsOf(it);
    const value = list.length === 0 ? undefined : random.pick(list).children?.at(-1);
    if (value !== undefined) value.content = Buffer.concat([value.content, Buffer.from([0x05, 0x00])]);
  }),
  ofCertificate("basic constraints", (it, random) => {
    setExtension(it, extension(OID.basicConstraints, random.pick(BASIC_CONSTRAINTS), random.chance(0.7)));
  }),
  ofAuthority("basic constraints of an authority", (it, random) => {
    setExtension(it, extension(OID.basicConstraints, random.pick(BASIC_CONSTRAINTS), random.chance(0.7)));
  }),
  ofAuthority("path length", (it, random) => {
    setExtension(it, extension(OID.basicConstraints, sequence(boolean(true), integer(random.below(3))), true));
  }),
  ofCertificate("key usage", (it, random) => {
    setExtension(it, extension(OID.keyUsage, random.pick(KEY_USAGES), random.chance(0.7)));
  }),
  ofAuthority("key usage of an authority", (it, random) => {
    setExtension(it, extension(OID.keyUsage, random.pick(KEY_USAGES), random.chance(0.7)));
  }),
  ofLeaf("purposes of a leaf", (it, random) => {
    setExtension(it, extension(OID.extendedKeyUsage, purposes(random), random.chance(0.2)));
  }),
  ofAuthority("purposes of an authority", (it, random) => {
    setExtension(it, extension(OID.extendedKeyUsage, purposes(random), random.chance(0.2)));
  }),
  ofCertificate("purposes malformed", (it, random) => {
    setExtension(it, extension(OID.extendedKeyUsage, random.pick(MALFORMED_PURPOSES)));
  }),
  ofLeaf("no purposes", (it) => removeExtension(it, OID.extendedKeyUsage)),
  ofLeaf("alternative names of a leaf", (it, random) => {
    setExtension(it, extension(OID.subjectAltName, alternativeNames(random), random.chance(0.2)));
  }),
  ofAuthority("alternative names of an authority", (it, random) => {
    setExtension(it, extension(OID.subjectAltName, alternativeNames(random), random.chance(0.2)));
  }),
  ofLeaf("common name only", (it) => removeExtension(it, OID.subjectAltName)),
  ofAuthority("name constraints", (it, random) => {
    setExtension(it, extension(OID.nameConstraints, nameConstraints(random), random.chance(0.7)));
  }),
  {
    name: "name constraints and alternative names",
    apply: (draft, random) => {
      const [leaf] = draft.chain;
      const authority = random.pick([...draft.chain.slice(1), ...draft.anchors]);
      if (leaf === undefined) return;
      setExtension(authority, extension(OID.nameConstraints, nameConstraints(random), random.chance(0.8)));
      setExtension(leaf, extension(OID.subjectAltName, alternativeNames(random)));
    },
  },
  ofLeaf("name constraints of a leaf", (it, random) => {
    setExtension(it, extension(OID.nameConstraints, nameConstraints(random), random.chance(0.7)));
  }),
  ofCertificate("subject key identifier", (it, random) => {
    setExtension(it, extension(OID.subjectKeyId, random.pick(KEY_IDS), random.chance(0.1)));
  }),
  ofCertificate("authority key identifier", (it, random) => {
    setExtension(it, extension(OID.authorityKeyId, random.pick(AUTHORITY_KEY_IDS), random.chance(0.1)));
  }),
  ofCertificate("policies", (it, random) => setExtension(it, random.pick(POLICY_EXTENSIONS))),
  {
    name: "policies everywhere",
    apply: (draft, random) => {
      for (const it of [...draft.chain, ...draft.anchors]) {
        if (random.chance(0.7)) setExtension(it, random.pick(POLICY_EXTENSIONS));
        if (random.chance(0.4)) setExtension(it, random.pick(POLICY_EXTENSIONS));
      }
    },
  },
  ofCertificate("other extension", (it, random) => setExtension(it, random.pick(OTHER_EXTENSIONS))),
];
