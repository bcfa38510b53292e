import { describe, expect, test } from "vitest";
import { agentWith, armedAgent, clusterWith, NOW } from "../../../test/helpers/estate-builder.ts";
import { BOTH_BUNDLE, elsewhere, estateOf, OLD, overlapInput, PIN, YOUNG } from "../../../test/helpers/plan-builder.ts";
import type { Cluster } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import { assemblePlan } from "../assemble.ts";
import { leafFingerprint } from "../chain.ts";
import { stageNamed } from "../reading.ts";
import { evaluateGate, type GateQuestion } from "./evaluate-gate.ts";
import type { Waiver } from "./hold.ts";

const armed = (id: string) => clusterWith(id, armedAgent(PIN.current, PIN.both));
const spread = (id: string) => clusterWith(id, agentWith(PIN.both, { minReadySeconds: 30 }));

function gate(stage: string, estate: Estate, { plan, ...change }: Partial<GateQuestion> & Pick<GateQuestion, "plan">) {
  const question = { plan, stage: stageNamed(plan, stage), estate, waivers: [], now: NOW, backupVerified: true };
  return evaluateGate({ ...question, ...change });
}

function waiver(clusterId: string): Waiver {
  return { clusterId, by: "ann", reason: "sold", until: "2026-11-24" };
}

describe("switch where TLS ends before the cluster", () => {
  const handedOver = assemblePlan(overlapInput(elsewhere(estateOf([clusterWith("c-1", agentWith(PIN.current))]))));
  const [old, young] = [leafFingerprint(OLD.chain), leafFingerprint(YOUNG.chain)];
  const ask = (presented: readonly string[], ...clusters: Cluster[]) =>
    gate("switch", elsewhere(estateOf(clusters, { bundle: BOTH_BUNDLE, presented })), { plan: handedOver });

  test("is held for the person when every agent has started with both, and not before", () => {
    expect(ask([old], spread("c-1")).holds.map(({ target, why }) => [target, why])).toEqual([
      ["rancher", expect.stringMatching(/^192\.0\.2\.1:443 does not present .* TLS ends before the cluster/)],
    ]);
    expect(ask([old], spread("c-1"), armed("c-2")).holds.map(({ target }) => target)).toEqual(["c-2/cluster-agent"]);
  });

  test("opens when the target is presented, and never while an agent would refuse it", () => {
    expect(ask([young], spread("c-1")).passes).toBe(true);
    expect(ask([], spread("c-1")).passes).toBe(false);
    expect(ask([young], spread("c-1"), armed("c-2")).passes).toBe(false);
  });

  test("is waived for a cluster, and not for what ends TLS", () => {
    const question = { plan: handedOver, waivers: [waiver("c-2"), waiver("rancher")] };
    const live = (presented: readonly string[]) =>
      elsewhere(estateOf([spread("c-1"), armed("c-2")], { bundle: BOTH_BUNDLE, presented }));
    expect(gate("switch", live([young]), question)).toEqual({ passes: true, holds: [], waived: ["c-2"] });
    expect(gate("switch", live([old]), question)).toMatchObject({ passes: false, waived: ["c-2"] });
  });

  test("a cluster that has not come back is told who can go back: no write of Farrier's can", () => {
    const gone = clusterWith("c-2", agentWith(PIN.both), { connected: { status: "False" } });
    const live = elsewhere(estateOf([spread("c-1"), gone], { bundle: BOTH_BUNDLE, presented: [young] }));
    const { holds } = gate("arm@target", live, { plan: handedOver });
    expect(holds.map(({ target, hint }) => [target, hint])).toEqual([
      ["c-2/cluster-agent", expect.stringContaining("what ends TLS can present the earlier certificate again")],
    ]);
  });

  const later: [string, string, string[]][] = [
    ["arm@target", "the switch is proved by what is presented", ["TLS ends before the cluster"]],
    ["narrow", "the old one is presented again", ["presents a certificate that agents would refuse"]],
  ];
  test.each(later)("%s names the address and no Secret where %s", (stage, _, whys) => {
    const live = elsewhere(estateOf([spread("c-1")], { bundle: BOTH_BUNDLE, presented: [old] }));
    const { holds } = gate(stage, live, { plan: handedOver });
    const ofRancher = holds.filter(({ target }) => target === "rancher");
    expect(ofRancher.map(({ why }) => why)).toEqual(whys.map((why) => expect.stringContaining(why)));
    expect(JSON.stringify(ofRancher)).not.toContain("tls-rancher-ingress");
  });
});
