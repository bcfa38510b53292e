import { describe, expect, test } from "vitest";
import { makeAuthority, NOW } from "../../test/helpers/estate-builder.ts";
import { createIntermediate, createRoot } from "../pki/issuing/authority.ts";
import { issueServing } from "../pki/issuing/serving.ts";
import { anchorsOf, goalOf, publicRootsOf, usesSystemStore } from "./system-store.ts";

const one = await makeAuthority("One");
const other = await makeAuthority("Other");
const leafAlone = one.chain.slice(0, -one.issuingPem.length);

/** One key under two names: a root of its own, and the same signed by an older root. */
const older = await createRoot({ commonName: "Older Root", now: NOW, days: 3650 });
const younger = await createRoot({ commonName: "Younger Root", now: NOW, days: 3650 });
const crossed = await createIntermediate(older, { commonName: "Younger Root", now: NOW, days: 3650, key: younger.key });
const leaf = await issueServing(younger, { hostnames: ["rancher.example.test"], now: NOW, days: 90 });
const crossedChain = leaf.certificatePem + crossed.certificatePem;
const roots = (...pems: readonly string[]) => pems.join("");

describe("the public roots at which a chain ends", () => {
  const rows: { name: string; chain: string; known: string; found: string[] }[] = [
    {
      name: "the one that signed it, of many",
      chain: one.chain,
      known: roots(other.rootPem, one.rootPem),
      found: [one.rootPem],
    },
    { name: "none, of those that did not", chain: one.chain, known: other.rootPem, found: [] },
    { name: "none, where its intermediate is missing", chain: leafAlone, known: one.rootPem, found: [] },
    { name: "none, where none is known", chain: one.chain, known: "", found: [] },
    {
      name: "both, where an older root has signed a younger one",
      chain: crossedChain,
      known: roots(older.certificatePem, younger.certificatePem),
      found: [older.certificatePem, younger.certificatePem],
    },
    {
      name: "the younger alone, where the older has left the list",
      chain: crossedChain,
      known: younger.certificatePem,
      found: [younger.certificatePem],
    },
  ];
  test.each(rows)("$name", ({ chain, known, found }) => {
    const answer = publicRootsOf(chain, known, NOW);
    expect(answer.split("-----BEGIN").length - 1).toBe(found.length);
    for (const pem of found) expect(answer).toContain(pem.trim());
  });

  test("are named also for a chain that has ended: it is to be refused for that", () => {
    const late = new Date("2030-01-01T00:00:00Z");
    expect(publicRootsOf(one.chain, roots(other.rootPem, one.rootPem), late)).toBe(one.rootPem);
  });
});

describe("what agents verify with", () => {
  test("the bundle where one is served", () => {
    const epoch = { bundle: one.bundle, pin: "a".repeat(64) };
    expect(anchorsOf(epoch)).toBe(one.bundle);
    expect(usesSystemStore(epoch)).toBe(false);
  });
  test("the public roots of the plan where none is", () => {
    expect(anchorsOf({ bundle: "", systemRoots: one.rootPem })).toBe(one.rootPem);
    expect(anchorsOf({ bundle: "" })).toBe("");
    expect(usesSystemStore({ pin: "" })).toBe(true);
  });
});

test("a goal without a bundle is the system's own store; one that names none leaves things as they are", () => {
  expect([goalOf({ bundle: "" }), goalOf({}), goalOf({ bundle: one.bundle })]).toEqual([
    "system-store",
    "bundle",
    "bundle",
  ]);
});
