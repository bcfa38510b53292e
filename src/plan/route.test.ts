import { describe, expect, test } from "vitest";
import { BOTH_BUNDLE, estateOf, OLD, TARGET_BUNDLE, YOUNG } from "../../test/helpers/plan-builder.ts";
import { leafFingerprint } from "./chain.ts";
import { presentBundle } from "./present-bundle.ts";
import { type RouteInput, routeOf } from "./route.ts";

const goal = { bundle: TARGET_BUNDLE, chain: YOUNG.chain, ignoreText: true };

function legs(input: RouteInput): string {
  const { epochs, repair, widenTo, switchUnder, narrowTo } = routeOf(input);
  const names = epochs.map(({ name }) => name).join(">");
  return `${names} repair=${repair} widen=${widenTo ?? "-"} switch=${switchUnder ?? "-"} narrow=${narrowTo ?? "-"}`;
}

describe("the way from what is served to the goal", () => {
  const rows: [string, RouteInput, string][] = [
    [
      "another authority: through both",
      { estate: estateOf([]), ...goal },
      "current>both>target repair=false widen=both switch=both narrow=target",
    ],
    [
      "served already holds the goal: no widening",
      { estate: estateOf([], { bundle: BOTH_BUNDLE }), ...goal },
      "current>target repair=false widen=- switch=current narrow=target",
    ],
    [
      "the goal holds all that is served: no narrowing",
      { estate: estateOf([]), ...goal, bundle: BOTH_BUNDLE },
      "current>target repair=false widen=target switch=target narrow=-",
    ],
    [
      "the same bundle: only the certificate",
      { estate: estateOf([]), ...goal, bundle: OLD.bundle },
      "current repair=false widen=- switch=current narrow=-",
    ],
    [
      "the same of both: nothing",
      { estate: estateOf([]), ...goal, bundle: OLD.bundle, chain: OLD.chain },
      "current repair=false widen=- switch=- narrow=-",
    ],
    [
      "only the bundle",
      { estate: estateOf([], { chain: YOUNG.chain, bundle: BOTH_BUNDLE }), ...goal },
      "current>target repair=false widen=- switch=- narrow=target",
    ],
    [
      "the Secret holds another bundle than is served",
      {
        estate: estateOf([], { bundle: BOTH_BUNDLE, served: [OLD.bundle.trim()] }),
        ...goal,
        bundle: OLD.bundle,
        chain: OLD.chain,
      },
      "current repair=true widen=- switch=- narrow=-",
    ],
    [
      "served alike, but written with other white space",
      { estate: estateOf([], { bundle: `${OLD.bundle}\n` }), ...goal, bundle: OLD.bundle, chain: OLD.chain },
      "current repair=true widen=- switch=- narrow=-",
    ],
  ];
  test.each(rows)("%s", (_, input, expected) => {
    expect(legs(input)).toBe(expected);
  });
});

test("an address that presents something else than the Secret is switched too", () => {
  const late = estateOf([], { presented: [leafFingerprint(YOUNG.chain)] });
  expect(legs({ estate: late, bundle: OLD.bundle, chain: OLD.chain, ignoreText: true })).toContain("switch=current");
});

test("a chain that differs in white space is switched back only where bytes count", () => {
  const input = { estate: estateOf([]), bundle: OLD.bundle, chain: `${OLD.chain}\n` };
  expect(legs({ ...input, ignoreText: true })).toContain("switch=-");
  expect(legs({ ...input, ignoreText: false })).toContain("switch=current");
});

describe("the union in between", () => {
  const back = {
    estate: estateOf([], { bundle: TARGET_BUNDLE, chain: YOUNG.chain }),
    bundle: OLD.bundle,
    chain: OLD.chain,
    ignoreText: false,
  };
  const bothOf = (known?: string) =>
    routeOf({ ...back, ...(known === undefined ? {} : { both: known }) }).epochs[1]?.bundle;
  test("is the one of the way forth, byte for byte", () => {
    const known = `# both\n${BOTH_BUNDLE}`;
    expect(bothOf(known)).toBe(known);
  });
  test("is made anew where that one lacks an authority, or is not known", () => {
    expect(bothOf(OLD.bundle)).toBe(BOTH_BUNDLE);
    expect(bothOf()).toBe(BOTH_BUNDLE);
  });
});

describe("the bundle that a plan starts from", () => {
  const at = (written: string, served: string[]) => {
    const { bundle, settled } = presentBundle(estateOf([], { bundle: written, served }));
    return [bundle, settled];
  };
  const [a, ab] = [OLD.bundle, BOTH_BUNDLE];
  const rows: [string, string, string[], [string, boolean]][] = [
    [
      "what the Secret holds, byte for byte, where it is served",
      `# ours\n${a}\n`,
      [`# ours\n${a}`.trim()],
      [`# ours\n${a}\n`, true],
    ],
    ["what all replicas serve, where the Secret was changed and nothing restarted", ab, [a.trim()], [a, false]],
    ["what the Secret holds, where some replicas serve it already", ab, [a.trim(), ab.trim()], [ab, false]],
  ];
  test.each(rows)("is %s", (_, written, served, expected) => {
    expect(at(written, served)).toEqual(expected);
  });
});
