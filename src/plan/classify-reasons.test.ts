/** What a person is told of why their target takes the procedure that it takes. */
import { describe, expect, test } from "vitest";
import { estateWith, makeAuthority, NOW } from "../../test/helpers/estate-builder.ts";
import {
  generatedEstate,
  helmReleased,
  lenient,
  OLD,
  PUBLIC,
  publicEstate,
  refusal,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { unionBundle } from "../pki/bundle.ts";
import { type ClassifyInput, classify } from "./classify.ts";

const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
const renewed = await OLD.issue(300);
const brief = await makeAuthority("Brief", 100);

/** What agents hold now, and what is asked for. */
interface Asked {
  readonly served?: string;
  readonly presented?: string;
  readonly target: ClassifyInput["target"];
  readonly horizon?: Date;
}

function whyOf({ served = OLD.bundle, presented = OLD.chain, target, horizon }: Asked): readonly string[] {
  const estate = estateWith({ bundle: served, chain: presented, clusters: [] });
  return classify({ estate, target, now: NOW, ...(horizon === undefined ? {} : { horizon }) }).why;
}

describe("the reasons of a renewal", () => {
  const HOLDS = "The target chain verifies under the bytes that agents hold until 2027-09-19T12:00:00.000Z.";
  const SAME = "The bundle does not change, nor does any pin: renew.";
  const rows: { readonly name: string; readonly asked: Asked; readonly why: readonly string[] }[] = [
    {
      name: "no bundle is named, and the certificate of 300 days ends first",
      asked: { target: { chain: renewed } },
      why: [HOLDS, SAME],
    },
    {
      name: "the very bundle that is served is named",
      asked: { target: { chain: renewed, bundle: OLD.bundle } },
      why: [HOLDS, SAME],
    },
    {
      name: "its certificates are named in another order",
      asked: { target: { chain: renewed, bundle: OLD.rootPem + OLD.issuingPem } },
      why: [
        HOLDS,
        "The target bundle holds the same certificates as the present one, whose bytes stay as they are, and with them every pin: renew.",
      ],
    },
    {
      name: "less time is wanted than the chain has",
      asked: { target: { chain: renewed }, horizon: inDays(10) },
      why: ["The target chain verifies under the bytes that agents hold until 2026-12-03T12:00:00.000Z.", SAME],
    },
    {
      name: "more time is wanted than its authority has, and no other one is to come",
      asked: {
        served: brief.bundle,
        presented: brief.chain,
        target: { chain: brief.chain, bundle: brief.bundle },
        horizon: inDays(200),
      },
      why: [
        "The target chain verifies under the bytes that agents hold now, but not until 2027-06-11T12:00:00.000Z: an authority in the bundle ends before.",
        SAME,
      ],
    },
  ];
  test.each(rows)("$name", ({ asked, why }) => {
    expect(whyOf(asked)).toEqual(why);
  });
});

describe("the reasons of an overlap", () => {
  const moves = (added: number, dropped: number) =>
    `The target bundle adds ${added} and drops ${dropped} certificates, so the pin of every agent changes: overlap.`;
  const rows: { readonly name: string; readonly asked: Asked; readonly first: RegExp; readonly last: string }[] = [
    {
      name: "another authority in place of the present one",
      asked: { target: { chain: YOUNG.chain, bundle: YOUNG.bundle } },
      first: /^The target chain does not verify under the bytes that agents hold: \S/,
      last: moves(2, 2),
    },
    {
      name: "another authority beside the present one",
      asked: { target: { chain: YOUNG.chain, bundle: unionBundle(OLD.bundle, YOUNG.bundle) } },
      first: /^The target chain does not verify under the bytes that agents hold: \S/,
      last: moves(2, 0),
    },
    {
      name: "the present chain, and a root that is to go",
      asked: { target: { chain: renewed, bundle: OLD.issuingPem } },
      first:
        /^The target chain verifies under the bytes that agents hold until 2027-09-19T12:00:00\.000Z, but the bundle is to change\.$/,
      last: moves(0, 1),
    },
    {
      name: "an authority that has too little time left, and another one beside it",
      asked: {
        served: brief.bundle,
        presented: brief.chain,
        target: { chain: brief.chain, bundle: unionBundle(brief.bundle, YOUNG.bundle) },
        horizon: inDays(200),
      },
      first:
        /^The target chain verifies under the bytes that agents hold now, but not until 2027-06-11T12:00:00\.000Z\.$/,
      last: moves(2, 0),
    },
  ];
  test.each(rows)("$name", ({ asked, first, last }) => {
    const why = whyOf(asked);
    expect(why).toHaveLength(2);
    expect(why[0]).toMatch(first);
    expect(why[1]).toBe(last);
  });

  test("Rancher's own CA comes first, with the values that change", () => {
    const { why } = classify({
      estate: generatedEstate([]),
      target: { chain: YOUNG.chain, bundle: YOUNG.bundle },
      now: NOW,
    });
    expect(why[0]).toBe(
      "The certificate comes from Rancher's own generated CA: Helm release cattle-system/rancher is upgraded to one that people bring (privateCA: (default) → true, ingress.tls.source: (default) → secret).",
    );
    expect(why).toHaveLength(3);
  });
});

describe("the reasons of the way to a public certificate, and from one", () => {
  const toPublic = { chain: PUBLIC.chain, bundle: "" };
  const privately = lenient(estateWith({ bundle: OLD.bundle, chain: OLD.chain, clusters: [] }));
  const publicRoots = PUBLIC.rootPem;

  test("that the chain lasts as long as is wanted needs no word", () => {
    const { why } = classify({ estate: privately, target: toPublic, publicRoots, now: NOW });
    expect(why.filter((sentence) => sentence.includes("not until"))).toEqual([]);
  });

  test("that it does not is said", () => {
    const { why } = classify({ estate: privately, target: toPublic, publicRoots, horizon: inDays(4000), now: NOW });
    expect(why).toContain("The target chain verifies now, but not until 2037-11-05T12:00:00.000Z.");
  });

  test("the same of a private target", () => {
    const target = { chain: YOUNG.chain, bundle: YOUNG.bundle };
    const { why } = classify({ estate: publicEstate([]), target, publicRoots, horizon: inDays(4000), now: NOW });
    expect(why).toContain("The target chain verifies now, but not until 2037-11-05T12:00:00.000Z.");
  });
});

describe("where the certificate comes from, and what is done with its release", () => {
  const toPublic = { chain: PUBLIC.chain, bundle: "" };
  const toPrivate = { chain: YOUNG.chain, bundle: YOUNG.bundle };
  const rows: { name: string; estate: Estate; target: ClassifyInput["target"]; first: string }[] = [
    {
      name: "from Let's Encrypt",
      estate: publicEstate([]),
      target: toPrivate,
      first:
        "The certificate comes from Let's Encrypt: Helm release cattle-system/rancher is upgraded to one that people bring (privateCA: (default) → true, ingress.tls.source: letsEncrypt → secret).",
    },
    {
      name: "from a load balancer",
      estate: publicEstate([], { tlsSource: "external" }),
      target: toPrivate,
      first:
        "The certificate comes from a load balancer: Helm release cattle-system/rancher is upgraded to one that people bring (privateCA: (default) → true).",
    },
    {
      name: "from a private CA to a public one",
      estate: lenient(estateWith({ bundle: OLD.bundle, chain: OLD.chain, clusters: [] })),
      target: toPublic,
      first:
        "Rancher is to serve no bundle in the end: Helm release cattle-system/rancher is upgraded for that (privateCA: true → false).",
    },
    {
      name: "from Rancher's own CA to a public one",
      estate: lenient(generatedEstate([]), {}),
      target: toPublic,
      first:
        "Rancher is to serve no bundle in the end and its own generated CA is to be left behind: Helm release cattle-system/rancher is upgraded for that (privateCA: (default) → true, ingress.tls.source: (default) → secret, privateCA: true → false).",
    },
  ];
  test.each(rows)("$name", ({ estate, target, first }) => {
    expect(classify({ estate, target, publicRoots: PUBLIC.rootPem, now: NOW }).why[0]).toBe(first);
  });
});

describe("the reasons of a flag day", () => {
  const reasonsOf = (presented: string, target: ClassifyInput["target"]) =>
    classify({
      estate: estateWith({ bundle: OLD.bundle, chain: presented, clusters: [] }),
      target,
      now: NOW,
      replace: true,
    }).why;
  const REFUSED = /^Agents refuse the certificate that Rancher has now: \S/;

  test("for a certificate of the authority that agents hold: they come back by themselves", () => {
    const [first, second] = reasonsOf(YOUNG.chain, { chain: renewed });
    expect(first).toMatch(REFUSED);
    expect(second).toContain("they come back by themselves: replace.");
  });

  test("for another authority: they come back when they have the new pin", () => {
    const [first, second] = reasonsOf(YOUNG.chain, { chain: YOUNG.chain, bundle: YOUNG.bundle });
    expect(first).toMatch(REFUSED);
    expect(second).toContain("agents come back when they have the new pin: replace.");
  });
});

describe("values that cannot change", () => {
  test("name everybody who would put them back", () => {
    const estate = generatedEstate([], { ...helmReleased({}), owners: ["Argo CD", "Flux"] });
    const refused = refusal(() => classify({ estate, target: { chain: YOUNG.chain, bundle: YOUNG.bundle }, now: NOW }));
    expect(refused.sentence).toBe(
      "Values of Rancher's chart have to change, and Argo CD and Flux would put them back.",
    );
  });

  test("are not changed for a part of Rancher's own CA: nothing else would be served meanwhile", () => {
    const target = { chain: OLD.chain, bundle: OLD.issuingPem };
    const refused = refusal(() => classify({ estate: generatedEstate([]), target, now: NOW }));
    expect(refused).toMatchObject({
      code: "plan.bundle-needed",
      sentence: "Rancher's own CA is to be left behind, and the target bundle brings no other authority.",
    });
  });
});
