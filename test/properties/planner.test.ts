/** The invariants of a rotation, over random estates, on a model of Kubernetes and Rancher without time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unionBundle } from "../../src/pki/bundle.ts";
import { assemblePlan, type PlanInput } from "../../src/plan/assemble.ts";
import type { Waiver } from "../../src/plan/gates/hold.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { serialisePlan } from "../../src/plan/plan-file.ts";
import { makeAuthority, NOW, pinServed } from "../helpers/estate-builder.ts";
import { type ClusterShape, type Moves, PlannerWorld, runPlan, type Verifies } from "../helpers/planner-world.ts";

const RUNS = Number(process.env.FARRIER_PROPERTY_RUNS ?? 60);
const old = await makeAuthority("Old");
const young = await makeAuthority("New");
const SEALED = { file: "backups/x.age", sha256: "0".repeat(64) };
const TARGET = unionBundle(young.bundle, "");

/** A chain verifies where the issuing or the root certificate of its authority is in the bundle. */
const verifies: Verifies = (chain, bundle) => {
  const authority = chain.includes(old.issuingPem.trim()) ? old : young;
  const text = bundle.replaceAll("\r\n", "\n");
  return text.includes(authority.issuingPem.trim()) || text.includes(authority.rootPem.trim());
};

/** How a person wrote the bundle of the beginning: its bytes must come back. */
const BEGINNINGS = [old.bundle, `# our CA\n${old.bundle}\n\n`, old.bundle.replaceAll("\n", "\r\n"), old.rootPem];

interface Scenario {
  readonly beginning: string;
  readonly rancherReplicas: number;
  readonly shapes: readonly ClusterShape[];
  readonly imported: ClusterShape;
  /** What happens, drawn one by one. */
  readonly chances: readonly number[];
  readonly stopAfter: number;
}

const shape = (offline: fc.Arbitrary<boolean>): fc.Arbitrary<ClusterShape> =>
  fc.record({
    replicas: fc.integer({ min: 1, max: 2 }),
    minReadySeconds: fc.constantFrom(0, 0, 10),
    offline,
    patchable: fc.integer({ min: 0, max: 5 }).map((one) => one > 0),
    systemAgent: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
  });

const scenario: fc.Arbitrary<Scenario> = fc.record({
  beginning: fc.constantFrom(...BEGINNINGS),
  rancherReplicas: fc.integer({ min: 1, max: 3 }),
  shapes: fc.array(shape(fc.integer({ min: 0, max: 5 }).map((one) => one === 0)), { minLength: 1, maxLength: 4 }),
  imported: shape(fc.constant(false)),
  chances: fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 }),
  stopAfter: fc.nat(45),
});

function buildWorld({ beginning, rancherReplicas, shapes }: Scenario): PlannerWorld {
  const world = new PlannerWorld({ bundle: beginning, chain: old.chain, replicas: rancherReplicas, verifies });
  for (const [index, one] of shapes.entries()) world.import(`c-${index + 1}`, one);
  return world;
}

function forward(world: PlannerWorld): Plan {
  return assemblePlan(inputFor(world, "forward"));
}

function inputFor(world: PlannerWorld, direction: PlanInput["direction"]): PlanInput {
  const goal = { bundle: young.bundle, chain: young.chain, sealed: SEALED };
  return {
    estate: world.observe(),
    direction,
    rotation: "r",
    now: NOW,
    findings: [],
    goal,
    current: { sealed: SEALED },
  };
}

function wayBack(world: PlannerWorld, first: Plan, beginning: string): Plan {
  const both = first.epochs.find(({ name }) => name === "both")?.bundle;
  return assemblePlan({
    ...inputFor(world, "rollback"),
    goal: { bundle: beginning, chain: old.chain, sealed: SEALED },
    ...(both === undefined ? {} : { both }),
    // Of clusters that came later the journal knows it, from before their first step.
    minReadySecondsBefore: Object.fromEntries([
      ...world.clusters.map(({ id, minReadySeconds }) => [id, minReadySeconds]),
      ...first.clusters.map((one) => [one.id, one.minReadySecondsBefore]),
    ]),
  });
}

/** Agents restart and Rancher redeploys as the scenario's chances say; `stopAfter` effects the process dies. */
function movesOf(world: PlannerWorld, { chances, imported }: Scenario, stopAfter = Number.POSITIVE_INFINITY): Moves {
  let drawn = 0;
  let effects = 0;
  const draw = () => chances[drawn++ % chances.length] ?? 0;
  world.timePasses = () => draw() % 2 === 0;
  return {
    fails: () => draw() % 5 === 0,
    between(when) {
      const chance = draw();
      if (chance % 3 === 0)
        world.restartAgents((index) => ((chance >> index) % 2 === 0 ? [index, index + 1] : []), when);
      effects += 1;
      return effects <= stopAfter;
    },
    beforeGate(stage) {
      const chance = draw();
      const steady = world.served.every((value) => value === world.served[0]);
      // Between gate and serving nothing can be done about a redeploy; before the gate it is seen.
      if (chance % 4 === 0 && steady)
        for (const cluster of world.clusters) if (!cluster.offline) world.redeploy(cluster);
      if (chance % 11 === 0 && steady) world.import(`c-new-${world.clusters.length}`, imported);
      world.judge(`before ${stage.id}`);
    },
  };
}

/** Only a cluster that nobody could help may hold a gate for good. */
function expectOnlyHelplessHeld(world: PlannerWorld): void {
  const helpless = world.clusters.filter(({ offline, patchable, systemAgent }) => offline || !patchable || systemAgent);
  const ids = new Set(helpless.map(({ id }) => id));
  expect([...world.abandoned].filter((id) => !ids.has(id))).toEqual([]);
}

function expectArrived(world: PlannerWorld, bundle: string, chain: string): void {
  const pin = pinServed(bundle);
  expect(world.written).toBe(bundle);
  expect(new Set(world.served.map(pinServed))).toEqual(new Set([pin]));
  expect(world.chain).toBe(chain);
  for (const { id, agent } of world.promised()) {
    expect([id, agent.pin, agent.pods.length]).toEqual([id, pin, agent.replicas]);
    expect(agent.pods.every((pod) => pod.trusts !== undefined && pod.pin === pin)).toBe(true);
  }
}

function expectSettled(world: PlannerWorld, { shapes, imported }: Scenario): void {
  for (const { id, agent } of world.promised()) {
    const own = shapes[Number(id.slice(2)) - 1] ?? imported;
    const beginning = id.startsWith("c-new") && own.minReadySeconds !== agent.minReadySeconds ? 0 : own.minReadySeconds;
    expect([id, agent.minReadySeconds]).toEqual([id, beginning]);
  }
}

describe("a rotation on a random estate", () => {
  test("no agent ever faces a certificate that it does not trust, any may restart at any moment, and all arrive", () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const world = buildWorld(given);
        const waivers: Waiver[] = [];
        expect(runPlan(world, forward(world), movesOf(world, given), waivers)).toBe(true);
        expect(world.violations).toEqual([]);
        expectOnlyHelplessHeld(world);
        expectArrived(world, TARGET, young.chain);
        expectSettled(world, given);
      }),
      { numRuns: RUNS },
    );
  });

  test("stopped anywhere, the way back leads to the world of the beginning, under the same invariant", () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const world = buildWorld(given);
        const waivers: Waiver[] = [];
        const first = forward(world);
        runPlan(world, first, movesOf(world, given, given.stopAfter), waivers);
        const plan = wayBack(world, first, given.beginning);
        expect(runPlan(world, plan, movesOf(world, given), waivers)).toBe(true);
        expect(world.violations).toEqual([]);
        expectOnlyHelplessHeld(world);
        expectArrived(world, given.beginning, old.chain);
        expectSettled(world, given);
      }),
      { numRuns: RUNS },
    );
  });

  test("a way back that is stopped can be planned again from there", () => {
    fc.assert(
      fc.property(scenario, fc.nat(30), (given, stopBack) => {
        const world = buildWorld(given);
        const waivers: Waiver[] = [];
        const first = forward(world);
        runPlan(world, first, movesOf(world, given, given.stopAfter), waivers);
        runPlan(world, wayBack(world, first, given.beginning), movesOf(world, given, stopBack), waivers);
        expect(runPlan(world, wayBack(world, first, given.beginning), movesOf(world, given), waivers)).toBe(true);
        expect(world.violations).toEqual([]);
        expectArrived(world, given.beginning, old.chain);
      }),
      { numRuns: Math.ceil(RUNS / 2) },
    );
  });

  test("the same inputs give the same bytes", () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const world = buildWorld(given);
        expect(serialisePlan(forward(world))).toBe(serialisePlan(forward(world)));
      }),
      { numRuns: 20 },
    );
  });
});
