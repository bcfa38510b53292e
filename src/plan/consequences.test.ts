import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, nodeAgents } from "../../test/helpers/estate-builder.ts";
import {
  BOTH_BUNDLE,
  estateOf,
  OLD,
  overlapInput,
  overlapPlan,
  PIN,
  SEALED,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import { assemblePlan } from "./assemble.ts";
import { alertsOf, pointsOfNoReturn } from "./consequences.ts";
import type { Stage, Step } from "./plan.ts";

const clusters = ["c-1", "c-2", "c-3"].map((id) => clusterWith(id, agentWith(PIN.current)));
const overlap = overlapPlan(clusters);
const renewed = await OLD.issue(300);
const renew = assemblePlan(overlapInput(estateOf(clusters), { goal: { chain: renewed, sealed: SEALED } }));

describe("what people will notice", () => {
  test("while clusters are armed: a crash-looping pod and a rollout that does not progress", () => {
    expect(overlap.alerts.join("\n")).toMatch(/KubePodCrashLooping[\s\S]*KubeDeploymentRolloutStuck[\s\S]*502 or 503/);
  });
  test("where there are node agents: that they end one after the other, behind a rollout that does not progress", () => {
    const [paris] = clusters;
    if (paris === undefined) throw new Error("there are clusters");
    const withNodes = overlapPlan([{ ...paris, nodeAgents: [nodeAgents(PIN.current)] }]);
    expect(withNodes.alerts.join("\n")).toMatch(
      /KubeDaemonSetRolloutStuck for cattle-node-agent.*one node after the other/,
    );
    expect(overlap.alerts.join("\n")).not.toContain("KubeDaemonSet");
  });
  test("in a renewal only Rancher's restart", () => {
    expect(renew.alerts).toHaveLength(1);
    expect(renew.alerts[0]).toContain("502 or 503");
  });
});

describe("what cannot be taken back", () => {
  test("the certificate of the beginning ends some day, and people's kubeconfigs end at the switch", () => {
    expect(overlap.pointsOfNoReturn[0]).toContain("2027-11-23");
    expect(overlap.pointsOfNoReturn[1]).toContain("kubeconfigs");
  });
  test("a renewal leaves what people hold alone", () => {
    expect(renew.pointsOfNoReturn.join()).not.toContain("kubeconfigs");
  });
});

describe("at a flag day", () => {
  const refused = estateOf(clusters, { chain: YOUNG.chain });
  const flagDay = assemblePlan(overlapInput(refused, { replace: true }));
  const inPlace = assemblePlan(overlapInput(refused, { replace: true, goal: { chain: renewed, sealed: SEALED } }));
  const LOST =
    "At the flag day: the certificate of the beginning is refused by agents, so that no rollback leads back to it.";

  test("there is no way back to what agents refuse, and no day until which there is one", () => {
    expect(flagDay.pointsOfNoReturn).toEqual([LOST, expect.stringContaining("kubeconfigs and scripts of people")]);
    expect(inPlace.pointsOfNoReturn).toEqual([LOST]);
  });
  test("under the bundle that agents hold, nobody is armed and no alert fires for it", () => {
    expect(inPlace.alerts.join()).not.toContain("KubePodCrashLooping");
    expect(flagDay.alerts.join()).toContain("KubePodCrashLooping");
  });
});

test("where nothing restarts Rancher, nobody is told of its restart", () => {
  expect(alertsOf(inStage("prove-trust"))).toEqual([]);
  expect(alertsOf(inStage("serve-bundle", "rancher"))).toEqual([expect.stringContaining("502 or 503")]);
});

describe("a rollback is possible", () => {
  const facts = (notAfter: string) => ({
    subject: "",
    issuer: "",
    fingerprint: notAfter,
    notBefore: "",
    notAfter,
    ca: false,
  });
  const serving = (...ends: string[]) => {
    const one = { chain: "", certificates: ends.map(facts) };
    return { current: one, target: one };
  };
  const points = (...ends: string[]) =>
    pointsOfNoReturn(inStage("present-certificate", "rancher", "switch"), serving(...ends), []);
  test("until the first certificate of the present chain ends, whichever that is", () => {
    expect(points("2028-01-01T00:00:00.000Z", "2027-05-01T00:00:00.000Z", "2029-01-01T00:00:00.000Z")).toEqual([
      "A rollback is possible until 2027-05-01T00:00:00.000Z, when the present certificate's chain ends.",
    ]);
  });
  test("for who knows how long, where the present certificate could not be read", () => {
    expect(points()).toEqual([]);
  });
});

function inStage(kind: Step["kind"], target = "rotation", stage: Stage["kind"] = "prove"): Stage[] {
  const step: Step = {
    id: `${target}/${kind}`,
    kind,
    target,
    says: "",
    manual: { row: "", commands: [] },
    permissions: [],
    undo: { kind: "nothing-to-undo" },
  };
  const wave = { id: "w", canary: false, failureBudget: 0, concurrency: 1, soakSeconds: 0, steps: [step] };
  return [{ id: stage, kind: stage, says: "", gate: "nothing", waves: [wave] }];
}

test("a bundle that only grows ends nothing that people hold", () => {
  const grown = overlapPlan(clusters, { goal: { bundle: BOTH_BUNDLE, chain: OLD.chain, sealed: SEALED } });
  expect(grown.epochs.map(({ name }) => name)).toEqual(["current", "target"]);
  expect(grown.pointsOfNoReturn).toEqual([]);
});

describe("the estimate", () => {
  test("counts each agent's restarts and Rancher's", () => {
    // Two bundles for each of three agents, and the canary at the switch; two bundles and the switch itself.
    expect(overlap.estimate).toMatchObject({ agentRestarts: 7, rancherRestarts: 3 });
    expect(renew.estimate).toMatchObject({ agentRestarts: 1, rancherRestarts: 1 });
  });
  test("grows with soaking and resting, by exactly that", () => {
    const slow = overlapPlan(clusters, { options: { soakSeconds: 100, rest: { kind: "seconds", seconds: 1000 } } });
    // Two arm stages of two waves each.
    expect(slow.estimate.durationSeconds.least - overlap.estimate.durationSeconds.least).toBe(4 * 100 + 1000);
    expect(overlap.estimate.durationSeconds.least).toBeLessThan(overlap.estimate.durationSeconds.most);
  });
  test("grows with the clusters", () => {
    expect(overlap.estimate.requests).toBeGreaterThan(overlapPlan(clusters.slice(0, 1)).estimate.requests);
  });
});
