/** Certificates in texts, and for how long a chain verifies under a bundle. */
import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeAuthority, NOW } from "../../test/helpers/estate-builder.ts";
import { createRoot } from "../pki/issuing/authority.ts";
import { issueServing } from "../pki/issuing/serving.ts";
import {
  certificatesIn,
  factsOf,
  holdsAll,
  hostnameOf,
  leafFingerprint,
  sameCertificates,
  verification,
  verifiesUntil,
} from "./chain.ts";

const authority = await makeAuthority("Own");
const other = await makeAuthority("Other");
const hostname = "rancher.example.test";
const DAY = 86_400_000;
const days = (count: number) => new Date(NOW.getTime() + count * DAY);

/** A root for years and a leaf for thirty days from the tenth on. */
const root = await createRoot({ commonName: "Late Root", now: NOW, days: 3650 });
const late = await issueServing(root, { hostnames: [hostname], now: NOW, notBefore: days(10), notAfter: days(40) });
/** A root that ends before its leaf does, which outlives it. */
const brief = await createRoot({ commonName: "Brief Root", now: NOW, days: 20 });
const outliving = await issueServing(brief, { hostnames: [hostname], now: NOW, notAfter: days(60) });
/** The same leaf again under a root of the same key that begins when the first one has ended for a day. */
const successor = await createRoot({
  commonName: "Brief Root",
  now: NOW,
  notBefore: days(21),
  notAfter: days(90),
  key: brief.key,
});

describe("a chain verifies from a moment", () => {
  const both = brief.certificatePem + successor.certificatePem;
  const rows: { name: string; chain: string; bundle: string; from: Date; until: Date; does: boolean }[] = [
    {
      name: "to itself",
      chain: late.certificatePem,
      bundle: root.certificatePem,
      from: days(20),
      until: days(20),
      does: true,
    },
    {
      name: "within its life",
      chain: late.certificatePem,
      bundle: root.certificatePem,
      from: days(10),
      until: days(39),
      does: true,
    },
    {
      name: "to its last second",
      chain: late.certificatePem,
      bundle: root.certificatePem,
      from: days(10),
      until: days(40),
      does: true,
    },
    {
      name: "not to the second after that",
      chain: late.certificatePem,
      bundle: root.certificatePem,
      from: days(10),
      until: new Date(days(40).getTime() + 1000),
      does: false,
    },
    {
      name: "not from before its life",
      chain: late.certificatePem,
      bundle: root.certificatePem,
      from: days(9),
      until: days(20),
      does: false,
    },
    {
      name: "not from the second before it",
      chain: late.certificatePem,
      bundle: root.certificatePem,
      from: new Date(days(10).getTime() - 1000),
      until: days(20),
      does: false,
    },
    {
      name: "not beyond the end of its authority",
      chain: outliving.certificatePem,
      bundle: brief.certificatePem,
      from: NOW,
      until: days(30),
      does: false,
    },
    {
      name: "not over a gap between two authorities, although it does at both ends",
      chain: outliving.certificatePem,
      bundle: both,
      from: NOW,
      until: days(30),
      does: false,
    },
    {
      name: "after the gap",
      chain: outliving.certificatePem,
      bundle: both,
      from: days(22),
      until: days(59),
      does: true,
    },
    { name: "before the gap", chain: outliving.certificatePem, bundle: both, from: NOW, until: days(19), does: true },
    {
      name: "at no time under another authority",
      chain: late.certificatePem,
      bundle: other.bundle,
      from: days(20),
      until: days(20),
      does: false,
    },
    {
      name: "at no time without a bundle",
      chain: late.certificatePem,
      bundle: "",
      from: days(20),
      until: days(20),
      does: false,
    },
  ];
  test.each(rows)("$name", ({ chain, bundle, from, until, does }) => {
    expect(verifiesUntil({ chain, bundle, hostname, at: from }, until)).toBe(does);
  });
});

describe("whether agents accept a chain", () => {
  const rows: { name: string; chain: string; hostname?: string; at?: Date; accepted: boolean; why: RegExp }[] = [
    { name: "of their authority", chain: authority.chain, accepted: true, why: /./ },
    { name: "that is empty", chain: "", accepted: false, why: /^It holds no certificate\.$/ },
    {
      name: "for another host",
      chain: authority.chain,
      hostname: "other.example.test",
      accepted: false,
      why: /other\.example\.test/,
    },
    { name: "of another authority", chain: other.chain, accepted: false, why: /CN=Other Root/ },
    { name: "that has ended", chain: authority.chain, at: days(400), accepted: false, why: /2027-11-23/ },
  ];
  test.each(rows)("$name", ({ chain, hostname: asked = hostname, at = NOW, accepted, why }) => {
    const verdict = verification({ chain, bundle: authority.bundle, hostname: asked, at });
    expect(verdict.accepted).toBe(accepted);
    expect(verdict.why).toMatch(why);
  });
});

describe("the host that agents ask for", () => {
  test.each([
    ["https://rancher.example.test", "rancher.example.test"],
    ["https://Rancher.Example.test:8443/", "rancher.example.test"],
    ["https://192.0.2.7", "192.0.2.7"],
    ["https://[2001:db8::7]:443", "2001:db8::7"],
  ])("of %s is %s", (url, host) => {
    expect(hostnameOf(url)).toBe(host);
  });
});

describe("two texts", () => {
  const windows = authority.bundle.replaceAll("\n", "\r\n");
  const reordered = authority.rootPem + authority.issuingPem;
  const rows: { name: string; one: string; other: string; same: boolean; holds: boolean }[] = [
    { name: "that are equal", one: authority.bundle, other: authority.bundle, same: true, holds: true },
    { name: "in another order", one: authority.bundle, other: reordered, same: true, holds: true },
    {
      name: "with other line ends and a remark",
      one: authority.bundle,
      other: `# ours\r\n${windows}`,
      same: true,
      holds: true,
    },
    {
      name: "of which the second repeats one",
      one: authority.bundle,
      other: authority.bundle + authority.rootPem,
      same: true,
      holds: true,
    },
    {
      name: "of which the second lacks one",
      one: authority.bundle,
      other: authority.rootPem,
      same: false,
      holds: true,
    },
    {
      name: "of which the second has one more",
      one: authority.rootPem,
      other: authority.bundle,
      same: false,
      holds: false,
    },
    { name: "that share nothing", one: authority.bundle, other: other.bundle, same: false, holds: false },
    { name: "of which the second is empty", one: authority.bundle, other: "", same: false, holds: true },
    { name: "that are empty", one: "", other: "", same: true, holds: true },
  ];
  test.each(rows)("$name: the same certificates $same, the second held by the first $holds", (row) => {
    expect(sameCertificates(row.one, row.other)).toBe(row.same);
    expect(holdsAll(row.one, row.other)).toBe(row.holds);
  });
});

describe("what is shown of a chain", () => {
  const [leaf = ""] = authority.chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  const known = new X509Certificate(leaf);

  test("is the leaf's fingerprint, and none of an empty one", () => {
    expect(leafFingerprint(authority.chain)).toBe(createHash("sha256").update(known.raw).digest("hex"));
    expect(leafFingerprint("")).toBe("");
  });

  test("are the facts of each certificate, in order", () => {
    expect(factsOf(authority.chain)).toEqual([
      {
        subject: "CN=rancher.example.test",
        issuer: "CN=Own Issuing",
        fingerprint: createHash("sha256").update(known.raw).digest("hex"),
        notBefore: "2026-11-23T11:00:00.000Z",
        notAfter: "2027-11-23T12:00:00.000Z",
        ca: false,
      },
      expect.objectContaining({ subject: "CN=Own Issuing", issuer: "CN=Own Root", ca: true }),
    ]);
  });

  test("stays right however many texts were read in between", () => {
    const texts = Array.from(
      { length: 80 },
      (_, index) => `# ${index}\n${index % 2 === 0 ? authority.rootPem : other.rootPem}`,
    );
    const first = texts.map((text) => certificatesIn(text)[0]?.subject);
    const again = texts.map((text) => certificatesIn(text)[0]?.subject);
    const wanted = texts.map((_, index) => (index % 2 === 0 ? "CN=Own Root" : "CN=Other Root"));
    expect(first).toEqual(wanted);
    expect(again).toEqual(wanted);
  });
});
