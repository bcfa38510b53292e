import { describe, expect, test } from "vitest";
import { NOW } from "../../../test/helpers/estate-builder.ts";
import { estateOf, PIN } from "../../../test/helpers/plan-builder.ts";
import type { ClusterAccess } from "../../estate/cluster-access.ts";
import type { PlanOptions } from "../options.ts";
import type { Plan } from "../plan.ts";
import { assembleRefresh, type StaleCluster } from "./assemble-refresh.ts";
import { judgeAccess } from "./judge-access.ts";

/** A cluster that holds another CA than Rancher has for it, and whose agent pins this. */
function staleCluster(id: string, pin: string): StaleCluster {
  const access: ClusterAccess = {
    id,
    name: `name of ${id}`,
    driver: "imported",
    held: { storage: { kind: "none" }, apiEndpoint: "https://10.43.0.1:443", ca: ["0".repeat(64)] },
    own: {
      kubeSystemUid: `uid of ${id}`,
      ca: ["1".repeat(64)],
      accountUid: "account",
      agentTokens: [],
      personTokens: [],
      pods: [{ name: "cattle-cluster-agent-1", uid: "p", pin, account: "cattle", secrets: [] }],
    },
  };
  const reach = { kubeconfig: `/home/anna/${id}.yaml`, context: id, server: "https://example.com:6443" };
  return { access, verdict: judgeAccess(access, PIN.current), reach };
}

function planFor(clusters: readonly StaleCluster[], options: Partial<PlanOptions> = {}): Plan {
  return assembleRefresh({ estate: estateOf([]), rotation: "r-1", now: NOW, clusters, findings: [], options });
}

/** The steps of the refresh, wave by wave, in words like `c-1 drop-agent-tokens`. */
function waves({ stages }: Plan): string[][] {
  const [, refresh] = stages;
  return (refresh?.waves ?? []).map(({ steps }) => steps.map(({ target, kind }) => `${target} ${kind}`));
}

const CHAIN = ["drop-agent-tokens", "recreate-agent-pods", "drop-person-tokens", "hold-access", "prove-access"];
const whole = (id: string) => CHAIN.map((kind) => [`${id} ${kind}`]);

describe("each cluster goes through the whole chain before the next group begins", () => {
  test("the canary is the first by its id, whatever the order in which they were named", () => {
    const plan = planFor(["c-2", "c-1"].map((id) => staleCluster(id, PIN.current)));
    expect(waves(plan)).toEqual([...whole("c-1"), ...whole("c-2")]);
  });

  test("the canary that was chosen", () => {
    const plan = planFor(
      ["c-1", "c-2"].map((id) => staleCluster(id, PIN.current)),
      { canary: ["c-2"] },
    );
    expect(waves(plan)).toEqual([...whole("c-2"), ...whole("c-1")]);
  });

  test("one of a group needs Rancher's present pin first: the others do not wait for a step that they have not", () => {
    const others = [staleCluster("c-2", PIN.target), staleCluster("c-3", PIN.current)];
    const plan = planFor([staleCluster("c-1", PIN.current), ...others]);
    const together = CHAIN.map((kind) => [`c-2 ${kind}`, `c-3 ${kind}`]);
    expect(waves(plan)).toEqual([...whole("c-1"), ["c-2 pin-agent"], ...together]);
  });

  test("the canary itself needs it", () => {
    const plan = planFor([staleCluster("c-1", PIN.target), staleCluster("c-2", PIN.current)]);
    expect(waves(plan)).toEqual([["c-1 pin-agent"], ...whole("c-1"), ...whole("c-2")]);
    expect(plan.why[0]).toMatch(/^name of c-1 \(c-1\): .*gets the pin of the bundle that Rancher serves first\.$/);
    expect(plan.why[1]).not.toContain("pin");
    const [, refresh] = plan.stages;
    expect(JSON.stringify(refresh?.waves[0]?.steps[0]?.manual)).toContain(PIN.current);
  });
});

test("a wave that fails whole stops the refresh, and the last link of each chain forgives nothing", () => {
  const plan = planFor(
    ["c-1", "c-2", "c-3", "c-4"].map((id) => staleCluster(id, PIN.current)),
    { failureBudget: 9 },
  );
  const [, refresh] = plan.stages;
  const budgets = (refresh?.waves ?? []).map(({ canary, failureBudget }) => `${canary} ${failureBudget}`);
  const chainOf = (canary: boolean, budget: number) => [
    ...CHAIN.slice(1).map(() => `${canary} ${budget}`),
    `${canary} 0`,
  ];
  expect(budgets).toEqual([...chainOf(true, 0), ...chainOf(false, 2)]);
});

test("it is estimated by its steps: every agent starts anew, and twice where it needs another pin first", () => {
  const restarts = (pins: readonly string[]) =>
    planFor(pins.map((pin, index) => staleCluster(`c-${index}`, pin))).estimate.agentRestarts;
  expect(restarts([PIN.current, PIN.current])).toBe(2);
  expect(restarts([PIN.current, PIN.target])).toBe(3);
});
