import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, NOW } from "../../test/helpers/estate-builder.ts";
import {
  BOTH_BUNDLE,
  estateOf,
  generatedEstate,
  OLD,
  overlapInput,
  overlapPlan,
  PIN,
  SEALED,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import type { Cluster } from "../estate/cluster.ts";
import { assemblePlan } from "./assemble.ts";
import type { Plan } from "./plan.ts";
import { stageNamed } from "./reading.ts";

const calm = (id: string, change: Partial<Cluster> = {}) => clusterWith(id, agentWith(PIN.current), change);
const unpatchable = (id: string) => calm(id, { permissions: { patchAgent: "no", deletePods: "no", listPods: "yes" } });
const at = NOW.toISOString();
/** Reached past a tunnel that is gone. */
const direct = (id: string, change: Partial<Cluster> = {}): Cluster =>
  calm(id, {
    connected: { status: "False" },
    tunnel: { kind: "unreachable", at, why: "Cluster agent is not connected." },
    reach: "direct",
    given: [
      {
        reach: "direct",
        called: "kubeconfig x.yaml",
        state: { kind: "answering", at, permissions: { patchAgent: "yes", deletePods: "yes", listPods: "yes" } },
      },
    ],
    ...change,
  });

/** `wave: step, step` of a stage, without the stage's own name. */
const waves = (plan: Plan, stage: string): string[] =>
  stageNamed(plan, stage).waves.map(
    ({ id, steps }) => `${id.replace(`${stage}/`, "")}: ${steps.map((step) => step.id).join(", ")}`,
  );

describe("agents start with the bundle that is served", () => {
  test("all at once where they are armed: each rolls by itself", () => {
    const plan = overlapPlan([calm("c-1"), calm("c-2"), calm("c-3")], { options: { waveSize: 1 } });
    expect(waves(plan, "spread@both")).toEqual(["once: c-1/roll-agent@both, c-2/roll-agent@both, c-3/roll-agent@both"]);
  });

  test("and those that are redeployed in waves behind them, a canary first", () => {
    const clusters = [unpatchable("c-1"), calm("c-2"), unpatchable("c-3"), unpatchable("c-4")];
    const plan = overlapPlan(clusters, { options: { waveSize: 1 } });
    expect(waves(plan, "spread@both")).toEqual([
      "once: c-2/roll-agent@both",
      "canary: c-1/redeploy-agent@both",
      "wave-1: c-3/redeploy-agent@both",
      "wave-2: c-4/redeploy-agent@both",
    ]);
  });
});

describe("before the certificate is believed, an agent dials again through Rancher", () => {
  test("one whose session is Rancher's own to show, whatever else is asked for", () => {
    const plan = overlapPlan([direct("c-1"), calm("c-2"), unpatchable("c-3")], { options: { canary: ["c-1"] } });
    expect(waves(plan, "switch")).toEqual([
      "wave-1: rancher/present-certificate",
      "canary: c-2/restart-agent@both",
      "wave-2: rancher/restart-rancher",
    ]);
  });

  test("and nobody's, where none is reached through Rancher", () => {
    expect(waves(overlapPlan([direct("c-1")]), "switch")).toEqual([
      "wave-1: rancher/present-certificate",
      "wave-2: rancher/restart-rancher",
    ]);
  });
});

describe("who is armed", () => {
  const clusters = [direct("c-1"), calm("c-2"), unpatchable("c-3"), calm("c-4", { reach: "none" })];
  test("is who can be patched, over whatever way", () => {
    expect(waves(overlapPlan(clusters), "arm@both")).toEqual([
      "canary: c-1/arm-agent@both",
      "wave-1: c-2/arm-agent@both",
    ]);
  });

  test("at a flag day too; the others get no step of it", () => {
    const plan = assemblePlan(overlapInput(estateOf(clusters, { chain: YOUNG.chain }), { replace: true }));
    expect(waves(plan, "arm@target")).toEqual(["canary: c-1/arm-agent@target", "wave-1: c-2/arm-agent@target"]);
    expect(waves(plan, "spread@target")).toEqual(["once: c-1/roll-agent@target, c-2/roll-agent@target"]);
    expect(stageNamed(plan, "replace")).toMatchObject({ gate: "prepared", gateEpoch: "target" });
  });

  test("nobody where the certificate alone is replaced, which waits for the backup alone", async () => {
    const goal = { chain: await OLD.issue(300), sealed: SEALED };
    const plan = assemblePlan(overlapInput(estateOf(clusters, { chain: YOUNG.chain }), { replace: true, goal }));
    expect(plan.stages.map(({ id }) => id)).not.toContain("arm@current");
    const replace = stageNamed(plan, "replace");
    expect([replace.gate, replace.gateEpoch]).toEqual(["backup-verified", undefined]);
    expect(replace.says).toBe("The flag day: the certificate is replaced at once, under the bundle that agents hold.");
  });
});

describe("what is saved", () => {
  test("before a way forth is everything that it touches", () => {
    expect(waves(overlapPlan([calm("c-1")]), "backup")).toEqual([
      "wave-1: rotation/save-objects",
      "wave-2: rotation/prove-decryption",
    ]);
  });

  test("before a way back is there already: it is only proved that it can be decrypted", () => {
    const estate = estateOf([calm("c-1")], { bundle: BOTH_BUNDLE, chain: YOUNG.chain });
    const goal = { bundle: OLD.bundle, chain: OLD.chain, sealed: SEALED };
    expect(waves(assemblePlan(overlapInput(estate, { direction: "rollback", goal })), "backup")).toEqual([
      "wave-1: rotation/prove-decryption",
    ]);
  });

  test("is the whole estate where its own backup is asked for", () => {
    const estateBackup = { kind: "operator", resourceSet: "rancher-resource-set-full" } as const;
    const plan = overlapPlan([calm("c-1")], { options: { estateBackup } });
    expect(waves(plan, "backup")).toEqual([
      "wave-1: rotation/save-objects",
      "wave-2: rotation/back-up-estate",
      "wave-3: rotation/prove-decryption",
    ]);
  });
});

test("a missing agent that Rancher can bring back is not made anew, and stands in nobody's way", () => {
  const plan = overlapPlan([clusterWith("c-1", undefined), calm("c-2")]);
  expect(plan.stages.map(({ id }) => id)).not.toContain("spread@current");
  expect(waves(plan, "arm@both")).toEqual(["canary: c-1/arm-agent@both", "wave-1: c-2/arm-agent@both"]);
});

test("where no bundle is mounted yet, the first move mounts it, and the second one only writes it", () => {
  const kinds = (plan: Plan, stage: string) =>
    stageNamed(plan, stage).waves.flatMap(({ steps }) => steps.map(({ kind, change }) => [kind, change]));
  const generated = assemblePlan(overlapInput(generatedEstate([calm("c-1")])));
  expect(kinds(generated, "widen")).toEqual([["upgrade-release", "private-ca"]]);
  expect(kinds(generated, "narrow")).toEqual([["serve-bundle", undefined]]);
  const mounted = overlapPlan([calm("c-1")]);
  expect(kinds(mounted, "widen")).toEqual([["serve-bundle", undefined]]);
  expect(kinds(mounted, "narrow")).toEqual([["serve-bundle", undefined]]);
});
