/** Mutations of what is around the certificates: the order, what is missing, who signs whom, who is asked and when. */

import { copy, primitive, sequence } from "./der-tree.ts";
import { copyCertificate, type Draft, type DraftCertificate, getField, setField } from "./draft.ts";
import { extension, OID, removeExtension, setExtension } from "./draft-extensions.ts";
import type { Mutation } from "./mutations.ts";
import type { Random } from "./random.ts";

const ASKED: readonly string[] = [
  ...[
    "rancher.example.com",
    "RANCHER.example.COM",
    "rancher.example.com.",
    "a.wild.example.com",
    "a.b.wild.example.com",
  ],
  ...["wild.example.com", "*.wild.example.com", "example.com", "evil.org", "10.0.0.7", "10.0.0.8", "010.0.0.7"],
  ...["2001:db8::7", "[2001:db8::7]", "2001:DB8:0:0:0:0:0:7", "::ffff:10.0.0.7", "[10.0.0.7]", "2001:db8::7%eth0"],
  ...[
    "a_b.wild.example.com",
    ".rancher.example.com",
    "rancher..example.com",
    "-.wild.example.com",
    "xn--a.wild.example.com",
  ],
  ...[
    "ranch\u00e9r.example.com",
    "rancher.example.com..",
    "a.wild.example.com.",
    "rancher",
    " rancher.example.com",
    "1.2.3",
  ],
];

const NEAR_WILDCARD: readonly string[] = [
  ...["a.wild.example.com", "A.WILD.example.com", "a.wild.example.com.", "a.b.wild.example.com", "wild.example.com"],
  ...[".wild.example.com", "*.wild.example.com", "a.wild.example.com.evil.org", "awild.example.com"],
];

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const ISSUED = Date.parse("2026-04-30T23:00:00Z");

/** Around the beginning (issued, less an hour) and the ends (a year, five, ten) of the certificates. */
const MOMENTS: readonly number[] = [
  ...[-1, 0, 1, SECOND].map((offset) => ISSUED + offset),
  ...[365, 1825, 3650].flatMap((days) =>
    [0, 1, SECOND - 1, SECOND, DAY].map((offset) => ISSUED + 3600 * SECOND + days * DAY + offset),
  ),
  Date.parse("1999-12-31T23:59:59Z"),
  Date.parse("2051-01-01T00:00:00Z"),
];

/** A second certificate for the same name and key, by another issuer. */
function crossSigned(authority: DraftCertificate, issuer: DraftCertificate): DraftCertificate {
  const cross = copyCertificate(authority);
  setField(cross, "issuer", copy(getField(issuer, "subject")));
  removeExtension(cross, OID.authorityKeyId);
  cross.signer = issuer.key;
  return cross;
}

function somewhere(draft: Draft, random: Random, certificate: DraftCertificate): void {
  if (random.chance(0.4)) draft.anchors.splice(random.below(draft.anchors.length + 1), 0, certificate);
  else draft.chain.splice(1 + random.below(Math.max(draft.chain.length, 1)), 0, certificate);
}

/** Many authorities of one name with different keys: Go gives up after a hundred signatures. */
function crowd(draft: Draft, random: Random, size: number): void {
  const { chain, anchors } = draft;
  const issuer = chain[1] ?? anchors[0];
  const other = random.pick([...chain, ...anchors]);
  if (issuer === undefined) return;
  const impostors = Array.from({ length: size }, (_, index) => {
    const impostor = copyCertificate(issuer);
    impostor.tbs.children?.splice(6, 1, copy(getField(other, "publicKey")));
    setField(impostor, "serial", primitive(0x02, [1 + (index >> 7), index & 0x7f]));
    if (random.chance(0.5)) removeExtension(impostor, OID.subjectKeyId);
    return impostor;
  });
  if (random.chance(0.5)) anchors.unshift(...impostors);
  else chain.splice(1, 0, ...impostors);
}

export const CHAIN_MUTATIONS: readonly Mutation[] = [
  {
    name: "hostname",
    apply: (draft, random) => {
      draft.hostname = random.pick(ASKED);
    },
  },
  {
    name: "hostname near the wildcard",
    apply: (draft, random) => {
      draft.hostname = random.pick(NEAR_WILDCARD);
    },
  },
  {
    name: "time",
    apply: (draft, random) => {
      draft.at = new Date(random.pick(MOMENTS));
    },
  },
  {
    name: "chain reversed",
    apply: (draft) => {
      draft.chain.reverse();
    },
  },
  {
    name: "intermediates in another order",
    apply: (draft, random) => {
      draft.chain = [...draft.chain.slice(0, 1), ...random.shuffled(draft.chain.slice(1))];
    },
  },
  {
    name: "one is missing",
    apply: (draft, random) => {
      draft.chain.splice(random.below(draft.chain.length), 1);
    },
  },
  {
    name: "leaf only",
    apply: (draft) => {
      draft.chain.length = Math.min(draft.chain.length, 1);
    },
  },
  {
    name: "one is there twice",
    apply: (draft, random) => {
      if (draft.chain.length > 0) draft.chain.push(random.pick(draft.chain));
    },
  },
  {
    name: "root served too",
    apply: (draft) => {
      draft.chain.push(...draft.anchors.map(copyCertificate));
    },
  },
  {
    name: "no anchors",
    apply: (draft) => {
      draft.anchors.length = 0;
    },
  },
  {
    name: "anchor twice",
    apply: (draft) => {
      draft.anchors.push(...draft.anchors.map(copyCertificate));
    },
  },
  {
    name: "only another base's anchors",
    apply: (draft, random, { bases }) => {
      draft.anchors = random.pick(bases).anchors.map(copyCertificate);
    },
  },
  {
    name: "another base's anchors too",
    apply: (draft, random, { bases }) => {
      draft.anchors.push(...random.pick(bases).anchors.map(copyCertificate));
    },
  },
  {
    name: "another base's chain too",
    apply: (draft, random, { bases }) => {
      draft.chain.push(...random.pick(bases).chain.map(copyCertificate));
    },
  },
  {
    name: "intermediates as the anchors",
    apply: (draft, random) => {
      const some = draft.chain
        .slice(1)
        .filter(() => random.chance(0.6))
        .map(copyCertificate);
      draft.anchors = random.chance(0.5) ? some : [...draft.anchors, ...some];
    },
  },
  {
    name: "leaf as the anchor",
    apply: (draft) => {
      draft.anchors = draft.chain.slice(0, 1).map(copyCertificate);
    },
  },
  {
    name: "leaf among the anchors",
    apply: (draft) => {
      draft.anchors.push(...draft.chain.slice(0, 1).map(copyCertificate));
    },
  },
  {
    name: "root in the leaf's place",
    apply: (draft) => {
      draft.chain = [...draft.anchors.slice(0, 1).map(copyCertificate), ...draft.chain];
    },
  },
  {
    name: "self-signed leaf as the anchor",
    apply: (draft) => {
      const [leaf] = draft.chain;
      if (leaf === undefined) return;
      setField(leaf, "issuer", copy(getField(leaf, "subject")));
      leaf.signer = leaf.key;
      draft.anchors = [copyCertificate(leaf)];
    },
  },
  {
    name: "cross-signed authority",
    apply: (draft, random, { bases }) => {
      const other = random.pick(bases);
      const authority = random.pick([...draft.chain.slice(1), ...draft.anchors]);
      const issuer = random.pick([...other.chain.slice(1), ...other.anchors]);
      somewhere(draft, random, crossSigned(authority, issuer));
      if (random.chance(0.7)) somewhere(draft, random, copyCertificate(issuer));
      if (random.chance(0.5)) draft.anchors = other.anchors.map(copyCertificate);
    },
  },
  {
    name: "authorities that sign each other",
    apply: (draft, random) => {
      const authorities = [...draft.chain.slice(1), ...draft.anchors];
      const cross = crossSigned(random.pick(authorities), random.pick(authorities));
      somewhere(draft, random, cross);
    },
  },
  {
    name: "renewed authority",
    apply: (draft, random) => {
      const renewed = copyCertificate(random.pick([...draft.chain.slice(1), ...draft.anchors]));
      setField(renewed, "serial", primitive(0x02, [0x11]));
      setField(
        renewed,
        "validity",
        sequence(primitive(0x17, "240101000000Z"), primitive(0x17, random.pick(["250101000000Z", "350101000000Z"]))),
      );
      somewhere(draft, random, renewed);
    },
  },
  {
    name: "same name, another key",
    apply: (draft, random) => crowd(draft, random, 1 + random.below(3)),
  },
  { name: "a crowd of one name", apply: (draft, random) => crowd(draft, random, random.pick([20, 99, 100, 101, 130])) },
  {
    name: "chained names off by an encoding",
    apply: (draft, random) => {
      const [child] = random.shuffled(draft.chain);
      const rdn = child === undefined ? undefined : getField(child, "issuer").children?.at(-1);
      const value = rdn?.children?.[0]?.children?.[1];
      if (value !== undefined) value.tag = value.tag === 0x0c ? 0x13 : 0x0c;
    },
  },
  {
    name: "purposes down the chain",
    apply: (draft, random) => {
      const purpose = (last: number): Uint8Array => Uint8Array.from([0x2b, 6, 1, 5, 5, 7, 3, last]);
      for (const it of [...draft.chain, ...draft.anchors]) {
        const list = sequence(
          ...random
            .shuffled([1, 2, 3])
            .slice(random.below(3))
            .map((last) => primitive(0x06, purpose(last))),
        );
        if (random.chance(0.6)) setExtension(it, extension(OID.extendedKeyUsage, list));
      }
    },
  },
];
