/** An estate that changes between plan and gate: clusters that come back, pins that Rancher puts back, waivers that end. */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApplyOutcome, applyRotation } from "../../src/execute/apply.ts";
import { openWorld } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { type AgentFacts, agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { type Journey, jsonLines, startJourney } from "../helpers/journey.ts";

let journey: Journey;
let before: Record<string, AgentFacts>;

beforeAll(async () => {
  journey = await startJourney(
    {
      clusters: [{ name: "paris" }, { name: "oslo" }, { name: "lima" }],
      faults: [
        { kind: "offline", cluster: "oslo" },
        { kind: "offline", cluster: "lima" },
      ],
    },
    { gateWaitSeconds: 0 },
  );
  // Its owner's, of which the plan knows nothing: the cluster cannot be reached when it is made.
  await setMinReadySeconds([journey.sandbox.cluster("lima")], 7);
  before = await agents(journey.sandbox);
  await journey.plan("rotation");
  const held = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
  expect(held.code).toBe(4);
  expect(holdersOf(jsonLines(held.stdout).at(-1)?.outcome)).toEqual(["lima", "oslo"]);
});

afterAll(() => journey?.stop());

const id = (name: string): string => journey.sandbox.cluster(name).id;

/** Names of the clusters that hold, sorted. */
function holdersOf(outcome: ApplyOutcome): string[] {
  const targets = outcome.kind === "held" ? outcome.holds.map(({ target }) => target) : [];
  return journey.sandbox.clusters
    .filter((cluster) => targets.includes(`${cluster.id}/cluster-agent`))
    .map(({ name }) => name)
    .sort();
}

/** Applies on a given day; the estate's own clocks go on as they do. */
async function applyOn(date: Date): Promise<ApplyOutcome> {
  const { folder, sandbox } = journey;
  const world = await openWorld({ kubeconfig: join(folder, "kubeconfig"), token: Secret.of(sandbox.token) });
  try {
    const identity = { environment: { XDG_CONFIG_HOME: join(folder, "config") } };
    const directory = join(folder, "rotation");
    return await applyRotation({ directory, world, identity, gateWaitSeconds: 0, now: () => date });
  } finally {
    await world.close();
  }
}

const tomorrow = new Date(Date.now() + 86_400_000);

describe("a waiver", () => {
  const accept = (name: string, until: string) =>
    journey.farrier("waive", "rotation", name, "--by", "Ana", "--reason", "no power", "--until", until);

  it("that has ended already is refused", async () => {
    expect((await accept("oslo", "2020-01-31")).code).toBe(2);
    expect(holdersOf(await applyOn(new Date()))).toEqual(["lima", "oslo"]);
  });

  it("for a cluster that there is not is refused, with the one that was meant", async () => {
    const { code, stderr } = await accept("osol", "2099-01-31");
    expect(code).toBe(2);
    expect(stderr).toContain("oslo");
  });

  it("counts to the end of its last day, and not a day longer", async () => {
    expect((await accept("oslo", tomorrow.toISOString().slice(0, 10))).code).toBe(0);
    expect(holdersOf(await applyOn(tomorrow))).toEqual(["lima"]);
    expect(holdersOf(await applyOn(new Date(tomorrow.getTime() + 86_400_000)))).toEqual(["lima", "oslo"]);
  });
});

describe("the next apply", () => {
  let lines: ReturnType<typeof jsonLines>;

  beforeAll(async () => {
    const { sandbox } = journey;
    // Rancher applies its own manifest again, which knows nothing of the next pin.
    await sandbox.inject({ kind: "redeploy", cluster: "paris" });
    await sandbox.waitUntil(async () => (await agents(sandbox)).paris?.pin === before.paris?.pin, {
      what: "the pin of paris to be put back",
    });
    await sandbox.inject({ kind: "offline", cluster: "lima", seconds: 1 });
    await sandbox.waitUntilConnected("lima");
    // Nothing holds any more but what passes by itself.
    await journey.configure({});
    const applied = await journey.farrier("apply", "rotation", "-o", "json");
    expect(applied.code).toBe(0);
    lines = jsonLines(applied.stdout);
  });

  const place = (type: string, step: string): number =>
    lines.findIndex((line) => line.type === type && line.step === step);

  it.each(["paris", "lima"])("arms %s before anything is widened", (name) => {
    const armed = place("step-done", `${id(name)}/arm-agent@both`);
    expect(armed).toBeGreaterThan(0);
    expect(armed).toBeLessThan(place("step-started", "rancher/serve-bundle@both"));
  });

  it("moves both to the end, and settles them as they were", async () => {
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    const after = await agents(journey.sandbox);
    for (const name of ["paris", "lima"]) {
      expect(after[name], name).toMatchObject({ pin, pods: [pin], minReadySeconds: before[name]?.minReadySeconds });
    }
    expect(after.oslo).toEqual(before.oslo);
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });
});

describe("the way back", () => {
  it("leaves what an agent had of its own also where the first plan could not see it", async () => {
    const back = await journey.farrier("rollback", "rotation", "--yes");
    expect(back.code).toBe(0);
    const after = await agents(journey.sandbox);
    for (const name of ["paris", "lima"]) {
      const { pin, minReadySeconds } = after[name] ?? {};
      expect({ pin, minReadySeconds }, name).toEqual({
        pin: before[name]?.pin,
        minReadySeconds: before[name]?.minReadySeconds,
      });
    }
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });
});
