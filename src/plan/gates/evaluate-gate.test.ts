import { describe, expect, test } from "vitest";
import {
  agentWith,
  armedAgent,
  clusterWith,
  type EstateShape,
  localCluster,
  NOW,
  offlineCluster,
  runningPod,
  secondsBefore,
  waitingPod,
  withUnproved,
} from "../../../test/helpers/estate-builder.ts";
import {
  BOTH_BUNDLE,
  estateOf,
  OLD,
  overlapInput,
  overlapPlan,
  PIN,
  TARGET_BUNDLE,
  YOUNG,
} from "../../../test/helpers/plan-builder.ts";
import type { Cluster } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import { assemblePlan } from "../assemble.ts";
import { leafFingerprint } from "../chain.ts";
import { stageNamed } from "../reading.ts";
import { evaluateGate, type GateQuestion } from "./evaluate-gate.ts";
import type { Waiver } from "./hold.ts";

const armed = (id: string) => clusterWith(id, armedAgent(PIN.current, PIN.both));
const spread = (id: string) => clusterWith(id, agentWith(PIN.both, { minReadySeconds: 30 }));
const plan = overlapPlan([localCluster(), clusterWith("c-1", agentWith(PIN.current))]);

function gate(stage: string, estate: Estate, change: Partial<GateQuestion> = {}) {
  const of = change.plan ?? plan;
  const question = { plan: of, stage: stageNamed(of, stage), estate, waivers: [], now: NOW, backupVerified: true };
  return evaluateGate({ ...question, ...change });
}

function waiver(clusterId: string, until = "2026-11-24"): Waiver {
  return { clusterId, by: "ann", reason: "sold", until };
}

const widened = (...clusters: Cluster[]) => estateOf(clusters, { bundle: BOTH_BUNDLE });

describe("widen", () => {
  test("opens when every agent is armed for both, or has started with both already", () => {
    expect(gate("widen", estateOf([localCluster(), armed("c-1"), armed("c-2")]))).toEqual({
      passes: true,
      holds: [],
      waived: [],
    });
    expect(gate("widen", estateOf([armed("c-1"), spread("c-2")])).passes).toBe(true);
  });

  const rows: [string, Cluster, string][] = [
    ["an agent was never armed", clusterWith("c-2", agentWith(PIN.current)), "does not carry the next pin"],
    [
      "a cluster that came after the plan is not armed",
      clusterWith("c-new", agentWith(PIN.current)),
      "does not carry the next pin",
    ],
    [
      "Rancher's own redeploy put the pin back",
      clusterWith("c-1", agentWith(PIN.current, { minReadySeconds: 30 })),
      "does not carry",
    ],
    [
      "an agent was given the pin without minReadySeconds",
      clusterWith("c-2", armedAgent(PIN.current, PIN.both, { minReadySeconds: 0 })),
      "minReadySeconds is 0",
    ],
    ["a cluster does not answer", offlineCluster("c-2"), "does not answer (Cluster agent is not connected)"],
    ["a Deployment cannot be read", clusterWith("c-2", undefined), "cannot be read"],
    [
      "a system-agent has not shown what it trusts",
      withUnproved(armed("c-2"), "system-agent"),
      "has not shown what it trusts",
    ],
    [
      "a Fleet agent has not shown what it trusts",
      withUnproved(armed("c-2"), "fleet-agent"),
      "has not shown what it trusts",
    ],
    [
      "an agent serves with a pin that is not served",
      clusterWith("c-2", armedAgent(PIN.target, PIN.both)),
      "pins a bundle that is not served",
    ],
    [
      "an old pod waits beside one that serves",
      clusterWith(
        "c-2",
        armedAgent(PIN.current, PIN.both, {
          replicas: 2,
          pods: [runningPod(PIN.current), waitingPod(PIN.current, "w"), waitingPod(PIN.both)],
        }),
      ),
      "1 of 2 pods",
    ],
  ];
  test.each(rows)("is held when %s, by name and with what to do", (_, cluster, why) => {
    const { passes, holds } = gate("widen", estateOf([armed("c-0"), cluster]));
    expect(passes).toBe(false);
    expect(holds).toHaveLength(1);
    expect(holds[0]?.target.startsWith(`${cluster.id}/`)).toBe(true);
    expect(holds[0]?.why).toContain(why);
    expect(holds[0]?.hint).not.toBe("");
  });

  test("tells of a cluster that is to be redeployed how its risk can be taken", () => {
    const cluster = clusterWith("c-2", agentWith(PIN.current));
    const redeployed = overlapPlan([clusterWith("c-1", agentWith(PIN.current)), cluster], {
      options: { methods: { "c-2": "redeploy" } },
    });
    const { holds } = gate("widen", estateOf([armed("c-1"), cluster]), {
      plan: redeployed,
      stage: stageNamed(redeployed, "widen"),
    });
    expect(holds.map(({ target }) => target)).toEqual(["c-2/cluster-agent"]);
    expect(holds[0]?.hint).toContain("acceptUnarmed: true");
  });

  test("is held by what could not be looked at in a cluster that answers, until it is waived", () => {
    const gaps = [{ target: "cluster c-1: daemonsets", why: "daemonsets is forbidden" }];
    const estate = { ...estateOf([armed("c-1"), armed("c-10")]), gaps };
    const { passes, holds } = gate("widen", estate);
    expect(passes).toBe(false);
    expect(holds).toMatchObject([{ target: "c-1/daemonsets", why: expect.stringContaining("is forbidden") }]);
    expect(gate("widen", estate, { waivers: [waiver("c-1")] })).toEqual({ passes: true, holds: [], waived: ["c-1"] });
  });

  test("lets a cluster be left behind by a waiver, and names it", () => {
    const estate = estateOf([armed("c-1"), offlineCluster("c-2")]);
    expect(gate("widen", estate, { waivers: [waiver("c-2")] })).toEqual({ passes: true, holds: [], waived: ["c-2"] });
    const many = estateOf([offlineCluster("c-3"), armed("c-1"), offlineCluster("c-2")]);
    expect(gate("widen", many, { waivers: [waiver("c-3"), waiver("c-1"), waiver("c-2")] }).waived).toEqual([
      "c-2",
      "c-3",
    ]);
  });

  test("does not count a waiver that has run out, or one for another cluster", () => {
    const estate = estateOf([offlineCluster("c-2")]);
    expect(gate("widen", estate, { waivers: [waiver("c-2", "2026-11-22")] }).passes).toBe(false);
    expect(gate("widen", estate, { waivers: [waiver("c-1")] }).passes).toBe(false);
  });

  test("lets an unarmed cluster pass when the plan's author said so, but none of its other consumers", () => {
    const cluster = clusterWith("c-1", agentWith(PIN.current));
    const accepted = overlapPlan([cluster], { options: { acceptUnarmed: ["c-1"] } });
    const ask = (one: Cluster) => gate("widen", estateOf([one]), { plan: accepted });
    expect(ask(cluster).passes).toBe(true);
    expect(ask(withUnproved(cluster, "node-agent")).holds.map(({ target }) => target)).toEqual(["c-1/node-agent"]);
  });

  test("asks no agent when everybody is served the bundle already", () => {
    expect(gate("widen", widened(clusterWith("c-1", agentWith(PIN.both)))).passes).toBe(true);
    expect(gate("widen", widened(clusterWith("c-1", agentWith(PIN.current)), offlineCluster("c-2"))).passes).toBe(true);
  });
});

describe("the flag day", () => {
  const absent = offlineCluster("c-absent");
  const planned = [armed("c-1"), clusterWith("c-2", agentWith(PIN.current)), absent];
  const refused = { chain: YOUNG.chain };
  const flagDay = assemblePlan(overlapInput(estateOf(planned, refused), { replace: true }));
  const ask = (clusters: readonly Cluster[], change: Partial<EstateShape> = refused) =>
    gate("replace", estateOf(clusters, change), { plan: flagDay });
  const armedFor = (id: string) => clusterWith(id, armedAgent(PIN.current, PIN.target));

  test("is not held by a cluster of which the plan says that it will be cut off", () => {
    expect(ask([armedFor("c-1"), armedFor("c-2"), absent])).toEqual({ passes: true, holds: [], waived: [] });
  });

  const rows: [string, Cluster, string][] = [
    ["was armed for another bundle", armed("c-1"), "does not carry the next pin"],
    ["was to be armed and does not answer any more", offlineCluster("c-2"), "does not answer"],
    ["came after the plan and is not armed", clusterWith("c-new", agentWith(PIN.current)), "does not carry"],
    ["came after the plan and does not answer", offlineCluster("c-new"), "does not answer"],
  ];
  test.each(rows)("is held by a cluster that %s", (_, cluster, why) => {
    const others = ["c-1", "c-2"].filter((id) => id !== cluster.id).map(armedFor);
    const { passes, holds } = ask([...others, absent, cluster]);
    expect(passes).toBe(false);
    expect(holds.map(({ target }) => target)).toEqual([`${cluster.id}/cluster-agent`]);
    expect(holds[0]?.why).toContain(why);
  });

  test("is not held any more once it was: whoever it cut off must not keep the others waiting for their pin", () => {
    const after = { bundle: TARGET_BUNDLE, chain: YOUNG.chain };
    expect(ask([clusterWith("c-1", agentWith(PIN.target)), offlineCluster("c-2"), absent], after).passes).toBe(true);
  });
});

describe("spread", () => {
  test("waits until every replica of Rancher serves the bundle", () => {
    const mixed = [OLD.bundle.trim(), BOTH_BUNDLE.trim()];
    expect(gate("spread@both", widened(armed("c-1"))).passes).toBe(true);
    expect(gate("spread@both", estateOf([armed("c-1")], { bundle: BOTH_BUNDLE, served: mixed })).holds[0]?.target).toBe(
      "rancher",
    );
    expect(gate("spread@both", estateOf([armed("c-1")])).passes).toBe(false);
    expect(gate("spread@both", estateOf([armed("c-1")], { served: [] })).passes).toBe(false);
  });
});

describe("switch", () => {
  test("opens when every agent has started with both", () => {
    expect(gate("switch", widened(localCluster(), spread("c-1"))).passes).toBe(true);
  });

  test("is held by an agent that is armed only: it would meet the new certificate with the old bundle", () => {
    const { holds } = gate("switch", widened(spread("c-1"), armed("c-2")));
    expect(holds.map(({ target }) => target)).toEqual(["c-2/cluster-agent"]);
  });

  test("is held by an agent that the plan let pass unarmed and that has not started since", () => {
    const cluster = clusterWith("c-1", agentWith(PIN.current));
    const accepted = overlapPlan([cluster], { options: { acceptUnarmed: ["c-1"] } });
    expect(gate("switch", widened(cluster), { plan: accepted }).passes).toBe(false);
  });

  test("is held by a chain that no longer verifies, whatever is waived", () => {
    const later = new Date("2028-01-01T00:00:00.000Z");
    const estate = estateOf([spread("c-1")], { bundle: BOTH_BUNDLE, observedAt: later });
    const { passes, holds } = gate("switch", estate, {
      now: later,
      waivers: [waiver("c-1", "2029-01-01"), waiver("rancher", "2029-01-01")],
    });
    expect(passes).toBe(false);
    expect(holds.map(({ target }) => target)).toContain("rancher");
  });
});

describe("arm@target", () => {
  const leaf = leafFingerprint(YOUNG.chain);
  const switched = (presented: string[], ...clusters: Cluster[]) =>
    estateOf(clusters, { bundle: BOTH_BUNDLE, chain: YOUNG.chain, presented });
  test("opens when the certificate is presented and every cluster has connected since", () => {
    expect(gate("arm@target", switched([leaf], spread("c-1"), localCluster())).passes).toBe(true);
  });
  test("is held while an address presents another certificate, or none was seen", () => {
    expect(gate("arm@target", switched([leafFingerprint(OLD.chain)], spread("c-1"))).holds[0]?.why).toContain(
      "192.0.2.1",
    );
    expect(gate("arm@target", switched([], spread("c-1"))).passes).toBe(false);
    const none = switched([leaf], spread("c-1"));
    expect(gate("arm@target", { ...none, serving: { ...none.serving, presented: [] } }).passes).toBe(false);
  });
  test("is held by a cluster that has not come back", () => {
    const gone = clusterWith("c-2", agentWith(PIN.both), { connected: { status: "False" } });
    expect(gate("arm@target", switched([leaf], spread("c-1"), gone)).holds.map(({ target }) => target)).toEqual([
      "c-2/cluster-agent",
    ]);
  });
});

describe("narrow", () => {
  const leafOf = (chain: string) => [leafFingerprint(chain)];
  const armedForTarget = clusterWith("c-1", armedAgent(PIN.both, PIN.target));
  const resting = (chain: string, presented: string[]) =>
    estateOf([armedForTarget], { bundle: BOTH_BUNDLE, chain, presented });
  test("opens when every agent is armed and what is presented verifies under the target alone", () => {
    expect(gate("narrow", resting(YOUNG.chain, leafOf(YOUNG.chain)))).toMatchObject({ passes: true, holds: [] });
  });
  test("is held when the old certificate was put back during the rest, whatever is waived", () => {
    const estate = resting(OLD.chain, leafOf(OLD.chain));
    const { passes, holds } = gate("narrow", estate, { waivers: [waiver("c-1"), waiver("rancher")] });
    expect(passes).toBe(false);
    expect(holds[0]).toMatchObject({ target: "rancher", why: expect.stringContaining("tls-rancher-ingress") });
  });
  test("is held when one address still presents the old certificate", () => {
    const { holds } = gate("narrow", resting(YOUNG.chain, leafOf(OLD.chain)));
    expect(holds).toMatchObject([{ target: "rancher", why: expect.stringContaining("192.0.2.1:443 presents") }]);
  });
});

describe("switch, when Rancher itself has moved since", () => {
  test("is held when another bundle is served again", () => {
    const { holds } = gate("switch", estateOf([spread("c-1")], { bundle: BOTH_BUNDLE, served: [OLD.bundle.trim()] }));
    expect(holds).toMatchObject([{ target: "rancher", why: expect.stringContaining("serves the bundle") }]);
  });
  test("is held when another bundle was put into the Secret, which Rancher's next start would serve", () => {
    const { holds } = gate("switch", estateOf([spread("c-1")], { served: [BOTH_BUNDLE.trim()] }));
    expect(holds).toMatchObject([{ target: "rancher", why: expect.stringContaining("cattle-system/tls-ca") }]);
  });
});

describe("a Secret that another tool puts back", () => {
  const leaf = [leafFingerprint(YOUNG.chain)];
  const owned = (estate: Estate, kind: "trust" | "serving"): Estate => {
    const { secret } = estate[kind];
    if (secret === undefined) throw new Error("an estate has its Secrets");
    return { ...estate, [kind]: { ...estate[kind], secret: { ...secret, owners: ["Flux"] } } };
  };
  const both = [BOTH_BUNDLE.trim()];
  const switched = { served: both, chain: YOUNG.chain, presented: leaf };
  const armedForTarget = clusterWith("c-1", armedAgent(PIN.both, PIN.target));
  const rows: { stage: string; when: string; estate: Estate }[] = [
    { stage: "spread@both", when: "before anybody is moved", estate: estateOf([armed("c-1")], { served: both }) },
    { stage: "switch", when: "before the certificate changes", estate: estateOf([spread("c-1")], { served: both }) },
    { stage: "arm@target", when: "after the switch", estate: estateOf([spread("c-1")], switched) },
    { stage: "narrow", when: "during the rest", estate: estateOf([armedForTarget], switched) },
  ];
  test.each(rows)("holds $stage $when, with its owner's name and the way to put it right", ({ stage, estate }) => {
    const { passes, holds } = gate(stage, owned(estate, "trust"));
    expect({ passes, holds }).toEqual({
      passes: false,
      holds: [
        {
          target: "rancher",
          why: expect.stringMatching(/^Secret cattle-system\/tls-ca, which Flux owns, does not hold .* epoch both/),
          hint: expect.stringMatching(/^Suspend Flux's sync of it.* kubectl -n cattle-system patch secret tls-ca /),
        },
      ],
    });
  });

  test("does not hold what is about to be written anyway: a write that was begun is completed", () => {
    const begun = estateOf([armed("c-1")], { bundle: BOTH_BUNDLE, served: [OLD.bundle.trim()] });
    expect(gate("widen", begun)).toMatchObject({ passes: true, holds: [] });
  });

  test("holds what comes after the switch where it is the certificate, with its owner's name", () => {
    const estate = estateOf([spread("c-1")], { bundle: BOTH_BUNDLE, chain: OLD.chain, presented: leaf });
    const { holds } = gate("arm@target", owned(estate, "serving"));
    expect(holds).toMatchObject([
      {
        why: "Secret cattle-system/tls-rancher-ingress, which Flux owns, does not hold the target certificate any more: another was written since the switch.",
        hint: expect.stringContaining("farrier rollback"),
      },
    ]);
  });
});

test("arming waits for the proof that backups can be decrypted", () => {
  expect(gate("arm@both", estateOf([])).passes).toBe(true);
  expect(gate("arm@both", estateOf([]), { backupVerified: false }).holds[0]?.target).toBe("rotation");
});

test("settling waits until every agent has started with the target", () => {
  const narrowed = (cluster: Cluster) => estateOf([cluster], { bundle: TARGET_BUNDLE, chain: YOUNG.chain });
  expect(gate("settle", narrowed(clusterWith("c-1", agentWith(PIN.target)))).passes).toBe(true);
  expect(gate("settle", narrowed(clusterWith("c-1", armedAgent(PIN.both, PIN.target)))).passes).toBe(false);
});

test("nothing is concluded from an estate that was looked at more than ten minutes ago", () => {
  const at = (seconds: number) => estateOf([armed("c-1")], { observedAt: new Date(secondsBefore(seconds)) });
  expect(gate("widen", at(600)).passes).toBe(true);
  expect(gate("widen", at(601)).passes).toBe(false);
});
