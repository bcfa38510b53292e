/** What the gates and the straddle are for: without each of them the model world shows the harm. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AgentWorkload } from "../../src/estate/agent.ts";
import type { Cluster } from "../../src/estate/cluster.ts";
import { assemblePlan } from "../../src/plan/assemble.ts";
import { evaluateGate } from "../../src/plan/gates/evaluate-gate.ts";
import type { Plan, Step } from "../../src/plan/plan.ts";
import { stageNamed, stepsOf } from "../../src/plan/reading.ts";
import {
  agentWith,
  clusterWith,
  localCluster,
  NOW,
  offlineCluster,
  runningPod,
  waitingPod,
  withUnproved,
} from "../helpers/estate-builder.ts";
import { BOTH_BUNDLE, estateOf, OLD, overlapInput, overlapPlan, PIN, YOUNG } from "../helpers/plan-builder.ts";
import { PlannerWorld } from "../helpers/planner-world.ts";

const RUNS = Number(process.env.FARRIER_PROPERTY_RUNS ?? 200);
const plan = overlapPlan([localCluster(), clusterWith("c-1", agentWith(PIN.current))]);

const pin = fc.constantFrom(PIN.current, PIN.both, PIN.target, "f".repeat(64));
const pod = fc
  .record({
    pin,
    ready: fc.boolean(),
    deleting: fc.boolean(),
    hasRun: fc.boolean(),
    phase: fc.constantFrom("Running", "Running", "Failed"),
  })
  .map(({ pin: own, ready, ...rest }) => ({ ...(ready ? runningPod(own) : waitingPod(own)), ...rest }));
const workload: fc.Arbitrary<AgentWorkload> = fc
  .record({
    pin,
    replicas: fc.nat(2),
    settled: fc.boolean(),
    paused: fc.boolean(),
    minReadySeconds: fc.constantFrom(0, 29, 30),
    updatedReplicas: fc.nat(2),
    readyReplicas: fc.nat(2),
    availableReplicas: fc.nat(2),
    totalReplicas: fc.nat(3),
    pods: fc.array(pod, { maxLength: 4 }),
  })
  .map((change) => agentWith(change.pin, change));
/** Mostly healthy, so that gates do open now and then. */
const healthy = fc.constantFrom(
  agentWith(PIN.both, { minReadySeconds: 30 }),
  agentWith(PIN.both),
  agentWith(PIN.both, { minReadySeconds: 30, totalReplicas: 2, pods: [runningPod(PIN.current), waitingPod(PIN.both)] }),
);

function clusterFrom(id: string, agent: AgentWorkload, kind: string): Cluster {
  if (kind === "offline") return offlineCluster(id);
  const cluster = clusterWith(id, agent, { connected: { status: kind === "lost" ? "False" : "True" } });
  return kind === "system-agent" ? withUnproved(cluster, "system-agent") : cluster;
}

const estates = fc.array(
  fc.tuple(
    fc.oneof({ weight: 3, arbitrary: healthy }, { weight: 1, arbitrary: workload }),
    fc.constantFrom("well", "well", "well", "well", "lost", "offline", "system-agent"),
  ),
  { minLength: 1, maxLength: 3 },
);

describe("a gate never opens over a gating consumer that proved nothing and was not waived", () => {
  const live = (agent: AgentWorkload) => agent.pods.filter(({ phase }) => phase !== "Failed");
  const survives: Record<string, (agent: AgentWorkload) => boolean> = {
    // Under the served bundle the old pods serve on, under the next one a pod of it starts; or all are there already.
    widen: (agent) =>
      live(agent).some((one) => one.pin === PIN.both) &&
      agent.pin === PIN.both &&
      (live(agent).every((one) => one.pin === PIN.both) ||
        (agent.minReadySeconds >= 30 &&
          live(agent).filter((one) => one.pin === PIN.current && one.ready && !one.deleting).length >= agent.replicas)),
    switch: (agent) => live(agent).length > 0 && live(agent).every((one) => one.pin === PIN.both && one.ready),
  };
  test.each(["widen", "switch"])("%s", (stage) => {
    let opened = 0;
    fc.assert(
      fc.property(estates, fc.subarray(["c-0", "c-1", "c-2"]), (members, waivedIds) => {
        const clusters = members.map(([agent, kind], index) => clusterFrom(`c-${index}`, agent, kind));
        const estate = estateOf(clusters, stage === "widen" ? {} : { bundle: BOTH_BUNDLE });
        const waivers = waivedIds.map((clusterId) => ({ clusterId, by: "a", reason: "b", until: "2027-01-01" }));
        const verdict = evaluateGate({
          plan,
          stage: stageNamed(plan, stage),
          estate,
          waivers,
          now: NOW,
          backupVerified: true,
        });
        expect(verdict.passes).toBe(verdict.holds.length === 0);
        if (!verdict.passes) return;
        opened += 1;
        for (const { id, agent, consumers, tunnel } of clusters.filter((one) => !waivedIds.includes(one.id))) {
          expect([id, tunnel.kind]).toEqual([id, "answering"]);
          expect(consumers.filter(({ gating, movable }) => gating && !movable)).toEqual([]);
          expect([id, agent !== undefined && survives[stage]?.(agent)]).toEqual([id, true]);
        }
      }),
      { numRuns: RUNS },
    );
    expect(opened).toBeGreaterThan(0);
  });
});

describe("what each guard is for", () => {
  const verifies = (chain: string, bundle: string) =>
    bundle.includes((chain === YOUNG.chain ? YOUNG : OLD).rootPem.trim());

  function world(): { world: PlannerWorld; plan: Plan } {
    const made = new PlannerWorld({ bundle: OLD.bundle, chain: OLD.chain, replicas: 1, verifies });
    made.import("c-1", { replicas: 1, minReadySeconds: 0, offline: false, patchable: true, systemAgent: false });
    return { world: made, plan: assemblePlan(overlapInput(made.observe())) };
  }

  /** Does a stage's steps without asking its gate; any agent may restart at any moment. */
  function doStage(made: PlannerWorld, from: Plan, stage: string, wanted: (step: Step) => boolean = () => true): void {
    for (const step of stepsOf(stageNamed(from, stage)).filter(wanted)) {
      for (const effect of made.effects(step, from)) {
        effect();
        made.judge(step.id);
        made.restartAgents(() => [0], step.id);
      }
    }
  }

  const armings = ["arm@both", "widen", "spread@both", "switch", "arm@target", "narrow", "spread@target"];

  test("with everything in its order nothing happens", () => {
    const { world: made, plan: own } = world();
    for (const stage of armings) doStage(made, own, stage);
    expect(made.violations).toEqual([]);
  });

  test("widening over an agent that was not armed cuts it off at its next restart", () => {
    const { world: made, plan: own } = world();
    doStage(made, own, "widen");
    expect(made.violations.join()).toContain("no agent of c-1 works");
  });

  test("arming without minReadySeconds loses the cluster at once", () => {
    const { world: made } = world();
    const careless = assemblePlan(overlapInput(made.observe(), { options: { armingMinReadySeconds: 0 } }));
    doStage(made, careless, "arm@both");
    expect(made.violations.join()).toContain("no agent of c-1 works");
  });

  test("switching over an agent that is only armed makes it refuse the certificate", () => {
    const { world: made, plan: own } = world();
    doStage(made, own, "arm@both");
    doStage(made, own, "switch", ({ kind }) => kind === "present-certificate");
    expect(made.violations.join()).toContain("refuses the certificate");
  });

  test("narrowing over an agent that was not armed for the target cuts it off at its next restart", () => {
    const { world: made, plan: own } = world();
    for (const stage of ["arm@both", "widen", "spread@both", "switch", "narrow"]) doStage(made, own, stage);
    expect(made.violations.join()).toContain("no agent of c-1 works");
  });

  test("arming for the beginning before older pods are gone ends the straddle", () => {
    // One of two replicas of the agent has come over; arming for the old pin would make the old ReplicaSet the new one.
    const { world: made, plan: own } = world();
    doStage(made, own, "arm@both");
    const cluster = made.clusters[0];
    if (cluster === undefined) throw new Error("there is a cluster");
    made.written = BOTH_BUNDLE;
    made.served = [BOTH_BUNDLE.trim()];
    cluster.agent.patch(PIN.current, 30, made.start);
    made.judge("armed for the beginning");
    made.restartAgents(() => [0], "armed for the beginning");
    expect(made.violations.join()).toContain("no agent of c-1 works");
  });
});
