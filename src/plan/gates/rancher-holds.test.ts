import { describe, expect, test } from "vitest";
import { type EstateShape, NOW } from "../../../test/helpers/estate-builder.ts";
import { BOTH_BUNDLE, estateOf, OLD, overlapPlan, YOUNG } from "../../../test/helpers/plan-builder.ts";
import type { Estate } from "../../estate/estate.ts";
import { leafFingerprint } from "../chain.ts";
import { epochNamed } from "../reading.ts";
import {
  acceptedHolds,
  presentedHolds,
  servedHolds,
  servesEverywhere,
  settledHolds,
  unwrittenHolds,
} from "./rancher-holds.ts";

const plan = overlapPlan([]);
const [current, both, target] = (["current", "both", "target"] as const).map((name) => epochNamed(plan, name));
if (current === undefined || both === undefined || target === undefined) throw new Error("an overlap has three epochs");
const estate = (change: Partial<EstateShape> = {}): Estate => estateOf([], change);
const widened = (change: Partial<EstateShape> = {}): Estate => estate({ bundle: BOTH_BUNDLE, ...change });
const owned = (of: Estate, kind: "trust" | "serving", owners: string[]): Estate => {
  const { secret } = of[kind];
  if (secret === undefined) throw new Error("an estate has its Secrets");
  return { ...of, [kind]: { ...of[kind], secret: { ...secret, owners } } };
};

describe("a bundle is served everywhere", () => {
  const rows: [string, readonly string[], boolean][] = [
    ["when each answer was it", [BOTH_BUNDLE.trim(), BOTH_BUNDLE.trim()], true],
    ["but not when one of two answers was another", [BOTH_BUNDLE.trim(), OLD.bundle.trim()], false],
    ["but not when no replica has answered", [], false],
  ];
  test.each(rows)("%s", (_, served, everywhere) => {
    const asked = { ...widened(), trust: { ...widened().trust, served: [...served] } };
    expect(servesEverywhere(asked, both)).toBe(everywhere);
    expect(servedHolds(asked, both).map(({ why }) => why)).toEqual(
      everywhere ? [] : ["Not every replica of Rancher serves the bundle of epoch both."],
    );
  });
});

describe("the Secret of the bundle", () => {
  const hint = (stop: string) =>
    `${stop}; then put the bundle back: kubectl -n cattle-system patch secret tls-ca --type=merge -p "$(jq -c '{data:{"cacerts.pem":(.epochs[]|select(.name=="both").bundle|@base64)}}' plan.json)".`;

  test("that holds another holds the gate; whoever wrote it is still to be found", () => {
    expect(settledHolds(plan, estate(), both)).toEqual([
      {
        target: "rancher",
        why: "Secret cattle-system/tls-ca does not hold the bundle of epoch both any more: Rancher's next start would serve another.",
        hint: hint("Find out who has written it (Argo CD, Flux, External Secrets, cert-manager, Helm) and stop that"),
      },
    ]);
  });

  test("that two tools own is to be let go of by both", () => {
    const [hold] = settledHolds(plan, owned(estate(), "trust", ["Argo CD", "Helm"]), both);
    expect(hold?.why).toMatch(/^Secret cattle-system\/tls-ca, which Argo CD and Helm own, does not hold /);
    expect(hold?.hint).toBe(hint("Suspend Argo CD's and Helm's sync of it, or change its source"));
  });

  test("holds nothing where it differs by outer white space only, which Rancher does not serve", () => {
    expect(settledHolds(plan, estate({ bundle: `\n\n${BOTH_BUNDLE}\n \n` }), both)).toEqual([]);
  });

  test("holds nothing where it cannot be read: then its writing will fail", () => {
    const { written: _, ...trust } = estate().trust;
    expect(settledHolds(plan, { ...estate(), trust }, both)).toEqual([]);
  });

  const next: [string, Estate, boolean][] = [
    ["the bundle before: it is to be written", estate(), false],
    ["the next one already: that is completed", widened(), false],
    ["neither", estate({ bundle: YOUNG.bundle }), true],
  ];
  test.each(next)("before it is written may hold %s", (_, asked, holds) => {
    expect(unwrittenHolds(plan, asked, both).map(({ why }) => why)).toEqual(
      holds
        ? [
            "Secret cattle-system/tls-ca does not hold the bundle of epoch current any more: Rancher's next start would serve another.",
          ]
        : [],
    );
  });

  test("has nothing to hold before the first epoch", () => {
    expect(unwrittenHolds(plan, estate({ bundle: YOUNG.bundle }), current)).toEqual([]);
  });
});

describe("what is presented, before the target bundle is served alone", () => {
  const old = leafFingerprint(OLD.chain);
  const young = leafFingerprint(YOUNG.chain);

  test("must be what agents will accept: a Secret put back is told of with the reason", () => {
    const holds = acceptedHolds(plan, widened({ chain: OLD.chain, presented: [young] }), target, NOW);
    expect(holds).toHaveLength(1);
    expect(holds[0]?.why).toMatch(
      /^Secret cattle-system\/tls-rancher-ingress holds a certificate that agents would refuse once they hold the bundle of epoch target: No certificate of the bundle/,
    );
    expect(holds[0]?.hint).toBe(
      "Find out who has written it (Argo CD, Flux, External Secrets, cert-manager, Helm) and stop that; farrier rollback leads back from here.",
    );
  });

  test("where only an address presents another, its owner is not to blame", () => {
    const asked = owned(widened({ chain: YOUNG.chain, presented: [old] }), "serving", ["Flux"]);
    expect(acceptedHolds(plan, asked, target, NOW)).toEqual([
      {
        target: "rancher",
        why: "192.0.2.1:443 presents a certificate that agents would refuse once they hold the bundle of epoch target",
        hint: "Find out who has written it (Argo CD, Flux, External Secrets, cert-manager, Helm) and stop that; farrier rollback leads back from here.",
      },
    ]);
  });

  test("may be the old one under the bundle of both", () => {
    expect(acceptedHolds(plan, widened({ chain: OLD.chain, presented: [old] }), both, NOW)).toEqual([]);
  });
});

describe("the switch is seen", () => {
  const leaf = leafFingerprint(YOUNG.chain);

  test("also where the Secret holds the target certificate with a remark before it", () => {
    const remarked = widened({ chain: `# issued for us\n${YOUNG.chain}`, presented: [leaf] });
    expect(presentedHolds(plan, remarked)).toEqual([]);
  });

  const rows: [string, Estate["serving"]["presented"], string][] = [
    ["no address was asked", [], "No address of Rancher presents the target certificate."],
    [
      "one address presents another certificate",
      [
        { address: "192.0.2.1:443", fingerprints: [leaf], at: NOW.toISOString() },
        { address: "192.0.2.2:443", fingerprints: [leafFingerprint(OLD.chain), leaf], at: NOW.toISOString() },
      ],
      "192.0.2.2:443 does not present the target certificate.",
    ],
    [
      "one address does not answer",
      [
        { address: "192.0.2.1:443", fingerprints: [], at: NOW.toISOString(), error: "ECONNREFUSED" },
        { address: "192.0.2.2:443", fingerprints: [leaf], at: NOW.toISOString() },
      ],
      "192.0.2.1:443 does not present the target certificate.",
    ],
  ];
  test.each(rows)("but not when %s", (_, presented, why) => {
    const asked = widened({ chain: YOUNG.chain });
    const holds = presentedHolds(plan, { ...asked, serving: { ...asked.serving, presented } });
    expect(holds.map((hold) => hold.why)).toEqual([why]);
  });
});
