import { beforeAll, describe, expect, it } from "vitest";
import { agentsPool } from "./agents-pool.ts";
import { bundleOf, unionBundle } from "./bundle.ts";
import { type Certificate, certificateOf } from "./certificate.ts";
import { type Authority, createIntermediate, createRoot } from "./issuing/authority.ts";
import { pinOf } from "./pin.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
let rootA: Certificate;
let issuingA: Certificate;
let rootB: Certificate;
let issuingB: Certificate;

const read = (authority: Authority) => certificateOf(authority.certificateDer);

beforeAll(async () => {
  const a = await createRoot({ commonName: "Root A", now: NOW });
  const b = await createRoot({ commonName: "Root B", now: NOW });
  rootA = read(a);
  rootB = read(b);
  issuingA = read(await createIntermediate(a, { commonName: "Z Issuing A", now: NOW }));
  issuingB = read(await createIntermediate(b, { commonName: "Z Issuing B", now: NOW }));
});

describe("a bundle that Farrier writes", () => {
  it("has intermediates before roots, each once, and one newline at the end", () => {
    const text = bundleOf([rootA, issuingA, rootA, rootB, issuingA]);
    expect(text).toBe(issuingA.pem + rootA.pem + rootB.pem);
    expect(text).toMatch(/[^\n]\n$/);
  });

  it("has the same bytes whatever the order of its certificates", () => {
    const orders = [
      [rootA, rootB, issuingA, issuingB],
      [issuingB, issuingA, rootB, rootA],
      [rootB, issuingA, rootA, issuingB],
    ];
    expect(new Set(orders.map(bundleOf)).size).toBe(1);
  });

  it("is read by the agents as exactly what was put in", () => {
    const pool = agentsPool(bundleOf([rootA, issuingA, rootB]));
    expect(pool.dropped).toEqual([]);
    expect(pool.anchors.map(({ subject }) => subject)).toEqual(["CN=Z Issuing A", "CN=Root A", "CN=Root B"]);
  });
});

describe("the bundle of both", () => {
  it("has one pin, whichever bundle comes first", () => {
    const a = [issuingA, rootA];
    const b = [rootB, issuingB];
    expect(pinOf(unionBundle(a, b))).toBe(pinOf(unionBundle(b, a)));
  });

  it.each([
    ["comments and Windows line ends", () => `# ours\r\n${rootA.pem.replaceAll("\n", "\r\n")}`],
    ["a byte order mark", () => `\ufeff${rootA.pem}`],
    ["no newline at the end", () => rootA.pem.trimEnd()],
    ["the certificate twice", () => rootA.pem + rootA.pem],
  ])("keeps every certificate of a served text with %s", (_, served) => {
    expect(unionBundle(served(), [rootB])).toBe(rootA.pem + rootB.pem);
  });

  it("of a bundle with itself is that bundle", () => {
    expect(unionBundle([rootA, issuingA], bundleOf([rootA, issuingA]))).toBe(issuingA.pem + rootA.pem);
  });
});
