import { describe, expect, test } from "vitest";
import {
  agentWith,
  armedAgent,
  clusterWith,
  estateWith,
  localCluster,
  makeAuthority,
  NOW,
  offlineCluster,
  pinServed,
} from "../../test/helpers/estate-builder.ts";
import { elsewhere } from "../../test/helpers/plan-builder.ts";
import type { Cluster } from "../estate/cluster.ts";
import { unionBundle } from "../pki/bundle.ts";
import { pinOfFile } from "../pki/pin.ts";
import { assemblePlan, type PlanInput } from "./assemble.ts";
import { parsePlan, serialisePlan } from "./plan-file.ts";
import { stageNamed, stepsOf } from "./reading.ts";

const old = await makeAuthority("Old");
const young = await makeAuthority("New");
const A = pinServed(old.bundle);
const BOTH = unionBundle(old.bundle, young.bundle);
const AB = pinOfFile(BOTH);
const TARGET = unionBundle(young.bundle, "");
const B = pinOfFile(TARGET);
const SEALED = { file: "backups/target.age", sha256: "0".repeat(64) };

const clusters = (agentOf: (id: string) => Cluster): Cluster[] => ["c-1", "c-2", "c-3"].map(agentOf);
const calm = clusters((id) => clusterWith(id, agentWith(A)));

function forward(change: Partial<PlanInput> = {}): PlanInput {
  return {
    estate: estateWith({ bundle: old.bundle, chain: old.chain, clusters: [localCluster(), ...calm] }),
    direction: "forward",
    rotation: "r-1",
    now: NOW,
    findings: [],
    goal: { bundle: young.bundle, chain: young.chain, sealed: SEALED },
    current: { sealed: SEALED },
    ...change,
  };
}

/** A way back: the goal is the beginning, the start is what is given. */
function back(start: { bundle: string; chain: string; pin: (id: string) => Cluster; served?: string[] }): PlanInput {
  const { bundle, chain, served } = start;
  return forward({
    estate: estateWith({ bundle, chain, clusters: clusters(start.pin), ...(served === undefined ? {} : { served }) }),
    direction: "rollback",
    goal: { bundle: old.bundle, chain: old.chain, sealed: SEALED },
    both: BOTH,
    minReadySecondsBefore: { "c-1": 0, "c-2": 0, "c-3": 7 },
  });
}

describe("the way forth", () => {
  test("an overlap arms, widens, spreads, switches and narrows, each behind its gate", () => {
    const plan = assemblePlan(forward());
    expect(plan.stages.map(({ id, gate, gateEpoch }) => [id, gate, gateEpoch])).toEqual([
      ["backup", "nothing", undefined],
      ["arm@both", "backup-verified", undefined],
      ["widen", "all-armed", "both"],
      ["spread@both", "bundle-served", "both"],
      ["switch", "all-started", "both"],
      ["arm@target", "switch-proved", undefined],
      ["rest", "nothing", undefined],
      ["narrow", "all-armed", "target"],
      ["spread@target", "bundle-served", "target"],
      ["settle", "all-started", "target"],
      ["prove", "nothing", undefined],
    ]);
    expect(plan.epochs.map(({ name, pin }) => [name, pin])).toEqual([
      ["current", A],
      ["both", AB],
      ["target", B],
    ]);
    expect(plan.epochs[0]?.bundle).toBe(old.bundle);
    expect(plan.procedure).toBe("overlap");
  });

  test("a certificate of the same authority is renewed: no pin and no byte of the bundle changes", async () => {
    const plan = assemblePlan(forward({ goal: { chain: await old.issue(400), sealed: SEALED } }));
    expect(plan.procedure).toBe("renew");
    expect(plan.stages.map(({ id }) => id)).toEqual(["backup", "switch", "prove"]);
    expect(plan.epochs.map(({ bundle, pin }) => [bundle, pin])).toEqual([[old.bundle, A]]);
  });

  test("the canary goes first, then waves of the size that was set", () => {
    const plan = assemblePlan(forward({ options: { canary: ["c-2"], waveSize: 1, failureBudget: 3 } }));
    const waves = stageNamed(plan, "arm@both").waves;
    expect(waves.map(({ id, failureBudget, steps }) => [id, failureBudget, steps.map(({ target }) => target)])).toEqual(
      [
        ["arm@both/canary", 0, ["c-2"]],
        ["arm@both/wave-1", 3, ["c-1"]],
        ["arm@both/wave-2", 3, ["c-3"]],
      ],
    );
  });

  test("a cluster that may not be patched is redeployed once the bundle is served, and its risk is named", () => {
    const permissions = { patchAgent: "no", deletePods: "no", listPods: "yes" } as const;
    const estate = estateWith({
      bundle: old.bundle,
      chain: old.chain,
      clusters: [...calm.slice(0, 2), clusterWith("c-3", agentWith(A), { permissions })],
    });
    const plan = assemblePlan(forward({ estate }));
    expect(plan.clusters.find(({ id }) => id === "c-3")).toMatchObject({ method: "redeploy", unarmedAccepted: false });
    expect(plan.clusters.find(({ id }) => id === "c-3")?.risk).toContain("cut off");
    expect(stepsOf(stageNamed(plan, "arm@both")).map(({ target }) => target)).toEqual(["c-1", "c-2"]);
    expect(stepsOf(stageNamed(plan, "spread@both")).map(({ id }) => id)).toEqual([
      "c-1/roll-agent@both",
      "c-2/roll-agent@both",
      "c-3/redeploy-agent@both",
    ]);
  });

  test("a cluster that does not answer is planned without steps and says why", () => {
    const estate = estateWith({ bundle: old.bundle, chain: old.chain, clusters: [...calm, offlineCluster("c-9")] });
    const plan = assemblePlan(forward({ estate }));
    expect(plan.clusters.find(({ id }) => id === "c-9")).toMatchObject({ method: "patch", reach: "none" });
    expect(plan.stages.flatMap(stepsOf).filter(({ target }) => target === "c-9")).toEqual([]);
  });

  test("the same inputs give the same bytes, whatever the order in which clusters were found", () => {
    const estate = estateWith({
      bundle: old.bundle,
      chain: old.chain,
      clusters: [...calm.toReversed(), localCluster()],
    });
    const text = serialisePlan(assemblePlan(forward()));
    expect(serialisePlan(assemblePlan(forward({ estate })))).toBe(text);
    expect(serialisePlan(parsePlan(text))).toBe(text);
  });

  const withCertificate = (bundle: string, chain: string, more: readonly Cluster[] = []) =>
    assemblePlan(
      forward({
        estate: estateWith({ bundle: old.bundle, chain: young.chain, clusters: [...calm, ...more] }),
        goal: { bundle, chain, sealed: SEALED },
        replace: true,
      }),
    );
  const missing = clusterWith("c-9", undefined, {
    tunnel: { kind: "unreachable", at: NOW.toISOString(), why: "Cluster agent is not connected" },
    reach: "direct",
  });

  test("a flag day with the same certificates in other words leaves the bundle and every pin as they are", async () => {
    const plan = withCertificate(old.rootPem + old.issuingPem, await old.issue(300));
    expect(plan.epochs.map(({ name, bundle, pin }) => [name, bundle, pin])).toEqual([["current", old.bundle, A]]);
    expect(plan.stages.map(({ id }) => id)).toEqual(["backup", "replace", "settle", "prove"]);
  });

  test("after a flag day, a missing agent is made anew, and the others get their pin", () => {
    const plan = withCertificate(young.bundle, young.chain, [missing]);
    expect(stepsOf(stageNamed(plan, "arm@target")).map(({ target }) => target)).toEqual(["c-1", "c-2", "c-3"]);
    expect(stepsOf(stageNamed(plan, "spread@target")).map(({ id }) => id)).toEqual([
      "c-9/reapply-agent@target",
      "c-1/roll-agent@target",
      "c-2/roll-agent@target",
      "c-3/roll-agent@target",
    ]);
    expect(plan.clusters.find(({ id }) => id === "c-9")?.risk).toContain("made anew after the flag day");
  });

  test("a missing agent is made anew also where the certificate alone is replaced", async () => {
    const plan = withCertificate(old.bundle, await old.issue(300), [missing]);
    expect(plan.stages.map(({ id }) => id)).toEqual(["backup", "replace", "spread@current", "settle", "prove"]);
    expect(stepsOf(stageNamed(plan, "spread@current")).map(({ id }) => id)).toEqual(["c-9/reapply-agent@current"]);
  });

  test("where TLS ends before the cluster, a person switches, and no key is needed", () => {
    const goal = { bundle: young.bundle, chain: young.chain };
    const estate = elsewhere(estateWith({ bundle: old.bundle, chain: old.chain, clusters: calm }));
    const plan = assemblePlan(forward({ estate, goal, current: {} }));
    const there = stageNamed(plan, "switch");
    expect([there.gate, there.gateEpoch]).toEqual(["handed-over", "both"]);
    expect(stepsOf(there).map(({ kind }) => kind)).toEqual(["restart-agent", "restart-rancher"]);
    expect([plan.serving.current.sealed, plan.serving.target.sealed]).toEqual([undefined, undefined]);
    expect(plan.rancher.terminator).toBe("external");
  });

  test("a target bundle that holds all of the present one is gone to at once", () => {
    const plan = assemblePlan(forward({ goal: { bundle: BOTH, chain: young.chain, sealed: SEALED } }));
    expect(plan.stages.map(({ id }) => id)).toEqual([
      "backup",
      "arm@target",
      "widen",
      "spread@target",
      "switch",
      "settle",
      "prove",
    ]);
    expect(plan.stages.find(({ id }) => id === "switch")?.gateEpoch).toBe("target");
  });
});

describe("the way back", () => {
  const rows: { from: string; start: Parameters<typeof back>[0]; stages: string[]; pins: string[] }[] = [
    {
      from: "before anything was armed",
      start: { bundle: old.bundle, chain: old.chain, pin: (id) => clusterWith(id, agentWith(A)) },
      stages: ["backup", "settle", "prove"],
      pins: [A],
    },
    {
      from: "armed for both, present bundle served",
      start: { bundle: old.bundle, chain: old.chain, pin: (id) => clusterWith(id, armedAgent(A, AB)) },
      stages: ["backup", "spread@current", "settle", "prove"],
      pins: [A],
    },
    {
      from: "the Secret written, Rancher not restarted",
      start: {
        bundle: BOTH,
        chain: old.chain,
        served: [old.bundle.trim()],
        pin: (id) => clusterWith(id, armedAgent(A, AB)),
      },
      stages: ["backup", "widen@current", "spread@current", "settle", "prove"],
      pins: [A],
    },
    {
      from: "some replicas restarted",
      start: {
        bundle: BOTH,
        chain: old.chain,
        served: [old.bundle.trim(), BOTH.trim()],
        pin: (id) => clusterWith(id, armedAgent(A, AB)),
      },
      stages: ["backup", "widen@current", "spread@current", "arm@target", "narrow", "spread@target", "settle", "prove"],
      pins: [AB, A],
    },
    {
      from: "both served, agents still straddling",
      start: { bundle: BOTH, chain: old.chain, pin: (id) => clusterWith(id, armedAgent(A, AB)) },
      stages: ["backup", "spread@current", "arm@target", "narrow", "spread@target", "settle", "prove"],
      pins: [AB, A],
    },
    {
      from: "the certificate switched",
      start: { bundle: BOTH, chain: young.chain, pin: (id) => clusterWith(id, agentWith(AB, { minReadySeconds: 30 })) },
      stages: ["backup", "switch", "arm@target", "narrow", "spread@target", "settle", "prove"],
      pins: [AB, A],
    },
    {
      from: "armed for the target",
      start: { bundle: BOTH, chain: young.chain, pin: (id) => clusterWith(id, armedAgent(AB, B)) },
      stages: ["backup", "spread@current", "switch", "arm@target", "narrow", "spread@target", "settle", "prove"],
      pins: [AB, A],
    },
    {
      from: "narrowed",
      start: { bundle: TARGET, chain: young.chain, pin: (id) => clusterWith(id, agentWith(B)) },
      stages: [
        "backup",
        "arm@both",
        "widen",
        "spread@both",
        "switch",
        "arm@target",
        "narrow",
        "spread@target",
        "settle",
        "prove",
      ],
      pins: [B, AB, A],
    },
  ];
  test.each(rows)("from $from it goes through $stages", ({ start, stages, pins }) => {
    const plan = assemblePlan(back(start));
    expect(plan.stages.map(({ id }) => id)).toEqual(stages);
    expect(plan.epochs.map(({ pin }) => pin)).toEqual(pins);
    expect(plan.epochs.at(-1)?.bundle).toBe(old.bundle);
    expect(plan.direction).toBe("rollback");
  });

  test("without a switch to prove, agents are armed for the beginning only once all have left their older pods", () => {
    const straddling = { bundle: BOTH, chain: old.chain, pin: (id: string) => clusterWith(id, armedAgent(A, AB)) };
    expect(stageNamed(assemblePlan(back(straddling)), "arm@target")).toMatchObject({
      gate: "all-started",
      gateEpoch: "current",
    });
  });

  test("minReadySeconds comes back as it was at the very beginning, 0 for a cluster that came since", () => {
    const start = {
      bundle: BOTH,
      chain: young.chain,
      pin: (id: string) => clusterWith(id, agentWith(AB, { minReadySeconds: 30 })),
    };
    const input = back(start);
    const estate = { ...input.estate, clusters: [...input.estate.clusters, clusterWith("c-4", agentWith(AB))] };
    const settled = stepsOf(stageNamed(assemblePlan({ ...input, estate }), "settle")).map(({ says }) =>
      says.split(" ").at(-1),
    );
    expect(settled).toEqual(["0.", "0.", "7.", "0."]);
  });
});
