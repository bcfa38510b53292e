/** What no stage may be entered with, however well its clusters are: an old look, another host's or an ended certificate. */
import { describe, expect, test } from "vitest";
import { agentWith, armedAgent, clusterWith, type EstateShape, NOW } from "../../../test/helpers/estate-builder.ts";
import {
  BOTH_BUNDLE,
  estateOf,
  overlapInput,
  overlapPlan,
  PIN,
  SEALED,
  TARGET_BUNDLE,
  YOUNG,
} from "../../../test/helpers/plan-builder.ts";
import type { Cluster } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import { createRoot } from "../../pki/issuing/authority.ts";
import { issueServing } from "../../pki/issuing/serving.ts";
import { assemblePlan } from "../assemble.ts";
import { leafFingerprint } from "../chain.ts";
import type { Plan } from "../plan.ts";
import { epochNamed, stageNamed } from "../reading.ts";
import { evaluateGate } from "./evaluate-gate.ts";
import { acceptedHolds, chainHolds, presentedHolds } from "./rancher-holds.ts";

const plan = overlapPlan([clusterWith("c-1", agentWith(PIN.current))]);
const leaf = leafFingerprint(YOUNG.chain);
const flagDay = assemblePlan(
  overlapInput(estateOf([clusterWith("c-1", agentWith(PIN.current))], { chain: YOUNG.chain }), { replace: true }),
);

/** For each stage an estate with which it may be entered. */
const PASSING: { stage: string; of?: Plan; cluster: Cluster; shape: Partial<EstateShape> }[] = [
  { stage: "widen", cluster: clusterWith("c-1", armedAgent(PIN.current, PIN.both)), shape: {} },
  { stage: "widen", cluster: clusterWith("c-1", agentWith(PIN.both)), shape: { bundle: BOTH_BUNDLE } },
  { stage: "spread@both", cluster: clusterWith("c-1", agentWith(PIN.both)), shape: { bundle: BOTH_BUNDLE } },
  { stage: "switch", cluster: clusterWith("c-1", agentWith(PIN.both)), shape: { bundle: BOTH_BUNDLE } },
  {
    stage: "arm@target",
    cluster: clusterWith("c-1", agentWith(PIN.both)),
    shape: { bundle: BOTH_BUNDLE, chain: YOUNG.chain, presented: [leaf] },
  },
  {
    stage: "narrow",
    cluster: clusterWith("c-1", armedAgent(PIN.both, PIN.target)),
    shape: { bundle: BOTH_BUNDLE, chain: YOUNG.chain, presented: [leaf] },
  },
  {
    stage: "replace",
    of: flagDay,
    cluster: clusterWith("c-1", armedAgent(PIN.current, PIN.target)),
    shape: { chain: YOUNG.chain },
  },
  {
    stage: "replace",
    of: flagDay,
    cluster: clusterWith("c-1", agentWith(PIN.target)),
    shape: { bundle: TARGET_BUNDLE, chain: YOUNG.chain },
  },
];

describe("an estate that was looked at", () => {
  const age = 10 * 60_000;
  const enter = ({ stage, of = plan, cluster, shape }: (typeof PASSING)[number], milliseconds: number) => {
    const observedAt = new Date(NOW.getTime() - milliseconds);
    const estate = estateOf([cluster], { ...shape, observedAt });
    const waivers = [{ clusterId: "rancher", by: "ann", reason: "x", until: "2027-01-01" }];
    return evaluateGate({ plan: of, stage: stageNamed(of, stage), estate, waivers, now: NOW, backupVerified: true });
  };
  const rows = PASSING.map((row, index) => ({ ...row, name: `${row.stage} (${index + 1})` }));
  test.each(rows)("ten minutes ago lets $name be entered, and longer ago does not, whatever is waived", (row) => {
    expect(enter(row, age)).toEqual({ passes: true, holds: [], waived: [] });
    const { passes, holds } = enter(row, age + 1);
    expect(passes).toBe(false);
    expect(holds).toEqual([
      {
        target: "rancher",
        why: expect.stringContaining("which is too long ago to conclude anything"),
        hint: "Look again.",
      },
    ]);
  });

  test("at any time lets a stage be entered that asks for nothing", () => {
    const old = estateOf([], { observedAt: new Date("2020-01-01T00:00:00Z") });
    const stage = stageNamed(plan, "backup");
    const question = { plan, stage, estate: old, waivers: [], now: NOW, backupVerified: false };
    expect(evaluateGate(question)).toEqual({ passes: true, holds: [], waived: [] });
  });
});

test("what holds a gate is told cluster by cluster, in the order of their ids", () => {
  const clusters = ["c-3", "c-1", "c-10", "c-2"].map((id) => clusterWith(id, agentWith(PIN.current)));
  const { holds } = evaluateGate({
    plan,
    stage: stageNamed(plan, "widen"),
    estate: estateOf(clusters),
    waivers: [],
    now: NOW,
    backupVerified: true,
  });
  expect(holds.map(({ target }) => target)).toEqual(["c-1", "c-10", "c-2", "c-3"].map((id) => `${id}/cluster-agent`));
});

test("a backup that was not shown to be readable holds, with what to do", () => {
  const stage = stageNamed(plan, "arm@both");
  const question = { plan, stage, estate: estateOf([]), waivers: [], now: NOW, backupVerified: false };
  expect(evaluateGate(question).holds).toEqual([
    {
      target: "rotation",
      why: "It was not shown that what was saved can be decrypted.",
      hint: "Run stage backup again, with the identity that the backups are sealed for.",
    },
  ]);
});

test("the flag day goes on for those who wait only while the certificate still verifies", () => {
  const later = new Date("2028-01-01T00:00:00.000Z");
  const estate = estateOf([], { bundle: TARGET_BUNDLE, chain: YOUNG.chain, observedAt: later });
  const stage = stageNamed(flagDay, "replace");
  const { holds } = evaluateGate({ plan: flagDay, stage, estate, waivers: [], now: later, backupVerified: true });
  expect(holds.map(({ why }) => why)).toEqual([
    expect.stringContaining("does not verify under the bundle of epoch target"),
  ]);
});

describe("a certificate of the right authority", () => {
  const target = epochNamed(plan, "target");
  const both = epochNamed(plan, "both");
  const authority = createRoot({ commonName: "Own Root", now: NOW });
  const issue = async (hostname: string, days = 100) =>
    (await issueServing(await authority, { hostnames: [hostname], now: NOW, days })).certificatePem;
  const epochOf = async () => ({ ...target, bundle: (await authority).certificatePem });

  test("for another host may not be presented", async () => {
    const chain = await issue("other.example.test");
    const asked = { ...plan, serving: { ...plan.serving, target: { ...plan.serving.target, chain } } };
    expect(chainHolds(asked, await epochOf(), NOW)).toMatchObject([
      { target: "rancher", why: expect.stringMatching(/under the bundle of epoch target: .*other\.example\.test/) },
    ]);
    expect(chainHolds(plan, both, NOW)).toEqual([]);
  });

  test("for another host is refused where it was put into the Secret", async () => {
    const estate = estateOf([], { bundle: BOTH_BUNDLE, chain: await issue("other.example.test") });
    const holds = acceptedHolds(
      plan,
      { ...estate, serving: { ...estate.serving, presented: [] } },
      await epochOf(),
      NOW,
    );
    expect(holds.map(({ why }) => why)).toEqual([
      expect.stringMatching(/^Secret cattle-system\/tls-rancher-ingress holds a certificate .*other\.example\.test/),
    ]);
  });

  test("that somebody renewed meanwhile may stay, in the Secret and at every address", async () => {
    const renewed = await issue("rancher.example.test", 300);
    const estate = estateOf([], { bundle: BOTH_BUNDLE, chain: renewed, presented: [leafFingerprint(renewed)] });
    expect(acceptedHolds(plan, estate, await epochOf(), NOW)).toEqual([]);
  });

  test("that nobody knows is refused at an address: only its fingerprint was seen", async () => {
    const estate = estateOf([], {
      bundle: BOTH_BUNDLE,
      chain: await issue("rancher.example.test"),
      presented: ["f".repeat(64)],
    });
    expect(acceptedHolds(plan, estate, await epochOf(), NOW).map(({ why }) => why)).toEqual([
      "192.0.2.1:443 presents a certificate that agents would refuse once they hold the bundle of epoch target",
    ]);
  });

  test("is accepted at an address that still presents the plan's own, although the Secret has another", () => {
    const asks = (chain: string, presented: string) =>
      acceptedHolds(
        plan,
        estateOf([], { bundle: BOTH_BUNDLE, chain, presented: [leafFingerprint(presented)] }),
        both,
        NOW,
      );
    expect(asks(plan.serving.current.chain, YOUNG.chain)).toEqual([]);
    expect(asks(YOUNG.chain, plan.serving.current.chain)).toEqual([]);
  });
});

describe("where the Secret cannot be seen", () => {
  const bare = (estate: Estate): Estate => {
    const { secret: _serving, ...serving } = estate.serving;
    return { ...estate, serving };
  };
  const own = assemblePlan({
    ...overlapInput(estateOf([])),
    goal: { bundle: YOUNG.bundle, chain: YOUNG.chain, sealed: SEALED },
  });
  test("it is called by the name that the plan has for it, and nobody is said to own it", () => {
    const holds = presentedHolds(own, bare(estateOf([], { bundle: BOTH_BUNDLE, presented: [leaf] })));
    expect(holds).toMatchObject([
      {
        target: "rancher",
        why: expect.stringMatching(/^Secret cattle-system\/tls-rancher-ingress does not hold the target certificate/),
        hint: expect.stringMatching(/^Find out who has written it/),
      },
    ]);
  });
});
