import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, type EstateShape, offlineCluster } from "../../test/helpers/estate-builder.ts";
import {
  BOTH_BUNDLE,
  estateOf,
  generatedEstate,
  OLD,
  overlapInput,
  PIN,
  SEALED,
  TARGET_BUNDLE,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { unionBundle } from "../pki/bundle.ts";
import { assemblePlan, type PlanInput } from "./assemble.ts";
import type { Plan } from "./plan.ts";
import type { PlanRelease } from "./release.ts";

const SETTLED = clusterWith("c-1", agentWith(PIN.both));
const switched = (change: Partial<EstateShape> = {}) =>
  estateOf([SETTLED], { bundle: BOTH_BUNDLE, chain: YOUNG.chain, ...change });
/** Leads to the beginning from what is given. */
const back = (estate: Estate, change: Partial<PlanInput> = {}): Plan =>
  assemblePlan(
    overlapInput(estate, {
      direction: "rollback",
      goal: { bundle: OLD.bundle, chain: OLD.chain, sealed: SEALED },
      both: BOTH_BUNDLE,
      ...change,
    }),
  );

describe("a way back that ends at a certificate which agents refuse", () => {
  /** A year and a day after it was issued for a year. */
  const late = new Date("2027-11-24T12:00:00Z");
  const refusal = expect.objectContaining({
    code: "plan.target-refused",
    exitCode: 3,
    message: expect.stringMatching(
      /^Agents refuse the certificate that a rollback leads to: CN=.* expired at 2027-11-23T12:00:00Z; the time is 2027-11-24T12:00:00Z\.$/,
    ),
    hint: "Nothing leads back to it. Plan a rotation to a certificate that works, or leave the estate as it is.",
  });

  test("is not planned", () => {
    expect(() => back(switched(), { now: late })).toThrow(refusal);
    expect(() => back(estateOf([SETTLED], { bundle: TARGET_BUNDLE, chain: YOUNG.chain }), { now: late })).toThrow(
      refusal,
    );
  });

  test("is planned where that certificate was never replaced: nothing about it changes", () => {
    const plan = back(switched({ chain: OLD.chain }), { now: late });
    expect(plan.stages.map(({ id }) => id)).not.toContain("switch");
    expect(plan.stages.map(({ id }) => id)).toContain("narrow");
  });

  test("is planned on the last day on which it is accepted", () => {
    const plan = back(switched(), { now: new Date("2027-11-23T11:00:00Z") });
    expect(plan.stages.map(({ id }) => id)).toContain("switch");
  });
});

describe("a way back says why it does what", () => {
  const BEGINNING = "The way back to where the rotation began, from where the estate is now.";
  const REPAIR = "Rancher's Secret does not hold what Rancher serves; that is put in order first.";
  const WIDEN = "What is served now lacks an authority of the beginning: both are served first.";
  const SWITCH =
    "The certificate of the beginning is presented again once every agent has started with a bundle that verifies it.";
  const STILL = "The certificate of the beginning is still presented.";
  const NARROW = "Then the bundle of the beginning is served again.";
  const SERVED = "The bundle of the beginning is served.";
  const rows: [string, Estate, readonly string[]][] = [
    [
      "from the end",
      estateOf([SETTLED], { bundle: TARGET_BUNDLE, chain: YOUNG.chain }),
      [BEGINNING, WIDEN, SWITCH, NARROW],
    ],
    ["after the switch", switched(), [BEGINNING, SWITCH, NARROW]],
    ["before the switch", switched({ chain: OLD.chain }), [BEGINNING, STILL, NARROW]],
    ["before anything was served", estateOf([SETTLED]), [BEGINNING, STILL, SERVED]],
    [
      "between writing the bundle and restarting Rancher",
      switched({ chain: OLD.chain, served: [OLD.bundle.trim()] }),
      [BEGINNING, REPAIR, STILL, SERVED],
    ],
  ];
  test.each(rows)("%s", (_, estate, why) => {
    expect(back(estate).why).toEqual(why);
  });

  test("which is not what a way forth says", () => {
    expect(assemblePlan(overlapInput(estateOf([SETTLED]))).why).not.toContain(BEGINNING);
  });
});

describe("an agent that Rancher redeploys, on a way back", () => {
  const rows: { name: string; now: number; before: number; settled: boolean }[] = [
    { name: "was restarted as a canary, and not seen to come back", now: 30, before: 0, settled: true },
    { name: "had as much before", now: 30, before: 30, settled: false },
    { name: "has what somebody else gave it since", now: 7, before: 0, settled: false },
    { name: "was never restarted", now: 0, before: 0, settled: false },
  ];
  test.each(rows)("gets its own minReadySeconds back where it $name: $settled", ({ now, before, settled }) => {
    const plan = back(estateOf([clusterWith("c-1", agentWith(PIN.current, { minReadySeconds: now }))]), {
      minReadySecondsBefore: { "c-1": before },
      options: { methods: { "c-1": "redeploy" }, acceptUnarmed: ["c-1"] },
    });
    expect(plan.clusters[0]?.method).toBe("redeploy");
    expect(JSON.stringify(plan.stages).includes('"c-1/settle-agent"')).toBe(settled);
  });
});

describe("the bundle in the middle of a way back", () => {
  const end = estateOf([SETTLED], { bundle: TARGET_BUNDLE, chain: YOUNG.chain });
  const middle = (plan: Plan) => plan.epochs.find(({ name }) => name === "both")?.bundle;

  test("is the one of the way forth, byte for byte: agents that are still pinned to it stay", () => {
    const served = `# as it was served\n${BOTH_BUNDLE}`;
    expect(middle(back(end, { both: served }))).toBe(served);
  });

  test("is made anew where none was served", () => {
    const { both: _, ...input } = overlapInput(end, {
      direction: "rollback",
      goal: { bundle: OLD.bundle, chain: OLD.chain, sealed: SEALED },
    });
    expect(middle(assemblePlan(input))).toBe(unionBundle(TARGET_BUNDLE, OLD.bundle));
  });

  test("and at its end are the bytes of the beginning, in whatever form they were", () => {
    const odd = `\n${OLD.rootPem}\n# issuing\n${OLD.issuingPem}\n\n`;
    const plan = back(end, { goal: { bundle: odd, chain: OLD.chain, sealed: SEALED } });
    expect(plan.epochs.at(-1)?.bundle).toBe(odd);
  });
});

describe("what was made on the way forth", () => {
  const release = (...names: PlanRelease["changes"][number]["name"][]): PlanRelease => ({
    name: "rancher",
    namespace: "cattle-system",
    chart: { name: "rancher", version: "2.15.1" },
    changes: names.map((name) => ({ name, values: [] })),
  });
  const kinds = (plan: Plan) =>
    plan.stages.flatMap(({ waves }) => waves.flatMap(({ steps }) => steps.map(({ kind }) => kind)));
  const rows: [string, PlanRelease | undefined, boolean][] = [
    ["the Secret of the bundle, where the release got privateCA", release("private-ca", "own-certificate"), true],
    ["no Secret, where it only got another certificate", release("own-certificate"), false],
    ["nothing, where the release was not touched", undefined, false],
  ];
  test.each(rows)("is taken away: %s", (_, forth, removed) => {
    const plan = back(switched(), forth === undefined ? {} : { release: forth });
    expect(kinds(plan).includes("remove-bundle")).toBe(removed);
  });
});

describe("the head of a plan", () => {
  test("names the Secrets by the chart's names where there are none yet", () => {
    const estate = generatedEstate([SETTLED]);
    const { secret: _, ...serving } = estate.serving;
    expect(assemblePlan(overlapInput({ ...estate, serving })).rancher).toEqual({
      namespace: "cattle-system",
      deployment: "rancher",
      servingSecret: "tls-rancher-ingress",
      trustSecret: "tls-ca",
    });
  });

  test("holds to the pins that were seen; an agent that could not be looked at has none", () => {
    const plan = assemblePlan(
      overlapInput(estateOf([clusterWith("c-2", agentWith(PIN.current)), offlineCluster("c-1")])),
    );
    expect(plan.basis.clusters).toEqual([
      { id: "c-1", pin: "", method: "patch" },
      { id: "c-2", pin: PIN.current, method: "patch" },
    ]);
  });

  test("a certificate that is to last longer than its bundle verifies it needs another bundle", () => {
    const goal = { chain: OLD.chain, sealed: SEALED };
    const until = (horizon: string) => () =>
      assemblePlan(overlapInput(estateOf([SETTLED]), { goal, horizon: new Date(horizon) }));
    expect(until("2027-11-22T00:00:00Z")().procedure).toBe("renew");
    expect(until("2027-11-24T00:00:00Z")).toThrow(
      expect.objectContaining({
        code: "plan.bundle-needed",
        message:
          "The target chain verifies under the bundle that agents hold now, but not until 2027-11-24T00:00:00.000Z.",
      }),
    );
  });
});
