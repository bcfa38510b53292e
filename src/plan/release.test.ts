import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, localCluster } from "../../test/helpers/estate-builder.ts";
import {
  estateOf,
  generatedEstate,
  helmReleased,
  OLD,
  overlapInput,
  PIN,
  SEALED,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import type { Estate, ReleaseFacts } from "../estate/estate.ts";
import { assemblePlan } from "./assemble.ts";
import type { Plan } from "./plan.ts";
import { planDigest, serialisePlan } from "./plan-file.ts";
import { stepsOf } from "./reading.ts";
import { describeValue, releaseBack, releaseForward } from "./release.ts";

const MEMBERS = [localCluster(), clusterWith("c-1", agentWith(PIN.current))];

const outline = (plan: Plan) =>
  plan.stages.map((stage) => {
    const own = stepsOf(stage).filter(({ target }) => target === "rancher");
    return [stage.id, ...own.map(({ id }) => id.replace("rancher/", ""))].join(" ");
  });

describe("which values change", () => {
  const rows: { name: string; estate: Estate; changes: string[] }[] = [
    { name: "none where people bring the certificate and a private CA", estate: estateOf([]), changes: [] },
    {
      name: "none of those either where Helm installed it so",
      estate: { ...estateOf([]), installation: { ...estateOf([]).installation, ...helmReleased({ privateCA: true }) } },
      changes: [],
    },
    {
      name: "both where nothing was given",
      estate: generatedEstate([]),
      changes: ["private-ca privateCA: (default) → true", "own-certificate ingress.tls.source: (default) → secret"],
    },
    {
      name: "from what was given",
      estate: generatedEstate([], helmReleased({ privateCA: false, "ingress.tls.source": "rancher" })),
      changes: ["private-ca privateCA: false → true", "own-certificate ingress.tls.source: rancher → secret"],
    },
    {
      name: "the Gateway's source too, which decides about its own Certificate",
      estate: generatedEstate([], { ...helmReleased({}), exposure: "gateway" }),
      changes: [
        "private-ca privateCA: (default) → true",
        "own-certificate ingress.tls.source: (default) → secret",
        "own-certificate gateway.gatewayClass.tls.source: (default) → secret",
      ],
    },
    {
      name: "none that a plan could change where manifests installed it",
      estate: generatedEstate([], { installer: { kind: "manifests" } }),
      changes: [],
    },
  ];
  test.each(rows)("$name", ({ estate, changes }) => {
    const found = releaseForward(estate)?.changes ?? [];
    expect(found.flatMap(({ name, values }) => values.map((value) => `${name} ${describeValue(value)}`))).toEqual(
      changes,
    );
  });
});

describe("from Rancher's own CA to a private one", () => {
  const plan = assemblePlan(overlapInput(generatedEstate(MEMBERS)));

  test("the bundle is mounted to widen, and cert-manager is stopped before the certificate changes", () => {
    expect(outline(plan)).toEqual([
      "backup",
      "arm@both",
      "widen upgrade-release@private-ca",
      "spread@both",
      "switch upgrade-release@own-certificate delete-certificate present-certificate restart-rancher",
      "arm@target",
      "rest",
      "narrow serve-bundle@target",
      "spread@target",
      "settle",
      "prove",
    ]);
    expect(plan.stages.find(({ id }) => id === "widen")?.gate).toBe("all-armed");
    expect(plan.why[0]).toContain("privateCA: (default) → true, ingress.tls.source: (default) → secret");
  });

  test("the same estate gives the same bytes, which hold no value but those of the plan", () => {
    const again = assemblePlan(overlapInput(generatedEstate(MEMBERS)));
    expect(planDigest(serialisePlan(again))).toBe(planDigest(serialisePlan(plan)));
    expect(serialisePlan(plan)).not.toContain("hostname");
  });
});

describe("the way back", () => {
  const forth = assemblePlan(overlapInput(generatedEstate(MEMBERS)));
  const backFrom = (estate: Estate): Plan =>
    assemblePlan({
      ...overlapInput(estate),
      direction: "rollback",
      goal: { bundle: forth.epochs[0]?.bundle ?? "", chain: OLD.chain, sealed: SEALED },
      ...(forth.release === undefined ? {} : { release: forth.release }),
    });

  test("from the end: the values of the beginning come last, and then the Secret goes", () => {
    const ended = estateOf([localCluster(), clusterWith("c-1", agentWith(PIN.target))], {
      bundle: YOUNG.bundle,
      chain: YOUNG.chain,
      presented: [],
    });
    const given = helmReleased({ privateCA: true, "ingress.tls.source": "secret" });
    const plan = backFrom({ ...ended, installation: { ...ended.installation, ...given } });
    expect(outline(plan).slice(-4)).toEqual([
      "spread@target",
      "release upgrade-release@as-before remove-bundle",
      "settle",
      "prove",
    ]);
    expect(plan.release?.changes.flatMap(({ values }) => values.map(describeValue))).toEqual([
      "privateCA: true → (default)",
      "ingress.tls.source: secret → (default)",
    ]);
    expect(plan.stages.find(({ id }) => id === "release")?.gate).toBe("all-started");
  });

  const given = { privateCA: false, "ingress.tls.source": "rancher" };
  const asGiven = { privateCA: true, "ingress.tls.source": "secret" };
  const rows: { name: string; values: ReleaseFacts["values"]; defaults: ReleaseFacts["values"]; changes: string[] }[] =
    [
      {
        name: "a person has given the defaults of the beginning by hand",
        values: given,
        defaults: asGiven,
        changes: [],
      },
      {
        name: "the chart that is stored has other defaults by now",
        values: {},
        defaults: asGiven,
        changes: ["privateCA: (default) → (default)", "ingress.tls.source: (default) → (default)"],
      },
    ];
  test.each(rows)("asks which values the chart is rendered with: $name", ({ values, defaults, changes }) => {
    const estate = generatedEstate(MEMBERS, helmReleased(values, { defaults }));
    const back = releaseBack(estate, forth.release)?.changes ?? [];
    expect(back.flatMap((change) => change.values.map(describeValue))).toEqual(changes);
    expect(back.flatMap((change) => change.values.map((one) => one.default))).toEqual(
      changes.map((_, index) => [false, "rancher"][index]),
    );
  });

  test("from between the Secret and the upgrade: only the Secret goes", () => {
    const plan = backFrom(generatedEstate(MEMBERS));
    expect(plan.release).toBeUndefined();
    expect(outline(plan)).toEqual(["backup", "release remove-bundle", "prove"]);
  });
});
