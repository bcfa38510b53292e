/** What node agents hold a gate with, and when they do not. */
import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, NOW, nodeAgents } from "../../../test/helpers/estate-builder.ts";
import {
  estateOf,
  lenient,
  overlapInput,
  overlapPlan,
  PIN,
  PUBLIC,
  SEALED,
} from "../../../test/helpers/plan-builder.ts";
import type { Cluster } from "../../estate/cluster.ts";
import type { NodeAgentSet } from "../../estate/node-agent.ts";
import { assemblePlan } from "../assemble.ts";
import type { EpochName, Plan } from "../plan.ts";
import { epochNamed } from "../reading.ts";
import type { Hold } from "./hold.ts";
import { nodeArmedHolds, nodeStartedHolds } from "./node-agent-holds.ts";

const member = (sets: NodeAgentSet[] | undefined, change: Partial<Cluster> = {}) =>
  clusterWith("c-1", agentWith(PIN.current), { ...(sets === undefined ? {} : { nodeAgents: sets }), ...change });
const WINDOWS = { kind: "node-agent-windows", name: "cattle-node-agent-windows" } as const;
const present = nodeAgents(PIN.current);
const armed = nodeAgents(PIN.current, { next: PIN.both });
const plan = overlapPlan([member([present, nodeAgents(PIN.current, { change: WINDOWS })])]);

const ask = (
  holds: typeof nodeArmedHolds,
  cluster: Cluster,
  { of = plan, epoch = "both" }: { readonly of?: Plan; readonly epoch?: EpochName } = {},
): Hold[] => holds({ plan: of, estate: estateOf([cluster]), cluster, epoch: epochNamed(of, epoch), now: NOW });

describe("a gate that asks who is armed", () => {
  const both = [armed, nodeAgents(PIN.current, { next: PIN.both, change: WINDOWS })];
  test("is passed by node agents that are armed, and by those that have started with the bundle already", () => {
    expect(ask(nodeArmedHolds, member(both))).toEqual([]);
    expect(ask(nodeArmedHolds, member([nodeAgents(PIN.both), nodeAgents(PIN.both, { change: WINDOWS })]))).toEqual([]);
  });

  test("is held by each DaemonSet that is not, under the name of its kind", () => {
    expect(ask(nodeArmedHolds, member([present, nodeAgents(PIN.current, { change: WINDOWS })]))).toEqual([
      {
        target: "c-1/node-agent",
        why: "The node agents of name-of-c-1 (c-1): DaemonSet cattle-node-agent does not carry the next pin.",
        hint: "Arm it; if it was armed before, Rancher has applied its own manifest since.",
      },
      {
        target: "c-1/node-agent-windows",
        why: "The node agents of name-of-c-1 (c-1): DaemonSet cattle-node-agent-windows does not carry the next pin.",
        hint: "Arm it; if it was armed before, Rancher has applied its own manifest since.",
      },
    ]);
  });

  test("asks for the minReadySeconds of the plan", () => {
    const short = [nodeAgents(PIN.current, { next: PIN.both, change: { minReadySeconds: 29 } }), both[1] ?? armed];
    expect(ask(nodeArmedHolds, member(short)).map(({ why }) => why)).toEqual([
      expect.stringContaining("minReadySeconds of DaemonSet cattle-node-agent is 29"),
    ]);
  });

  test("lets a cluster pass whose author said so", () => {
    const accepting = overlapPlan([member([present])], { options: { acceptUnarmed: ["c-1"] } });
    expect(ask(nodeArmedHolds, member([present]), { of: accepting })).toEqual([]);
    expect(ask(nodeStartedHolds, member([present]), { of: accepting })).toHaveLength(1);
  });

  test("where agents are to do without a bundle, is passed by no arming: they have to show that they start so", () => {
    const estate = lenient(estateOf([member([present])]));
    const goal = { bundle: "", chain: PUBLIC.chain, sealed: SEALED };
    const toPublic = assemblePlan(overlapInput(estate, { goal, publicRoots: PUBLIC.rootPem }));
    const waiting = nodeAgents(PIN.current, { next: "" });
    const asked = (set: NodeAgentSet) => ask(nodeArmedHolds, member([set]), { of: toPublic, epoch: "target" });
    expect(asked(nodeAgents(""))).toEqual([]);
    expect(asked(waiting).map(({ why }) => why)).toEqual([expect.stringContaining("has another pin")]);
  });
});

describe("a gate that asks who has started", () => {
  test("is passed where every node has", () => {
    const sets = [nodeAgents(PIN.both), nodeAgents(PIN.both, { change: WINDOWS })];
    expect(ask(nodeStartedHolds, member(sets))).toEqual([]);
  });
  test("is held by those that are armed only", () => {
    const sets = [armed, nodeAgents(PIN.both, { change: WINDOWS })];
    expect(ask(nodeStartedHolds, member(sets)).map(({ target }) => target)).toEqual(["c-1/node-agent"]);
  });
  test("takes a pod for started that its controller has watched as long as the plan says", () => {
    const justNow = new Date(NOW.getTime() - 1000).toISOString();
    const youngFor = (minReadySeconds: number) => {
      const set = nodeAgents(PIN.both, { change: { minReadySeconds } });
      const young = { ...set, pods: set.pods.map((pod) => ({ ...pod, runningSince: justNow })) };
      return ask(nodeStartedHolds, member([young, nodeAgents(PIN.both, { change: WINDOWS })]));
    };
    expect(youngFor(30)).toEqual([]);
    expect(youngFor(29)).toHaveLength(1);
  });
});

describe("a DaemonSet that the plan found", () => {
  const started = nodeAgents(PIN.both);
  test("and that is there no more holds the gate: its nodes have lost their agents", () => {
    expect(ask(nodeStartedHolds, member([started]))).toEqual([
      {
        target: "c-1/node-agent-windows",
        why: "The node agents of name-of-c-1 (c-1): DaemonSet cattle-node-agent-windows is gone.",
        hint: expect.stringContaining("who has removed it"),
      },
    ]);
    expect(ask(nodeStartedHolds, member(undefined)).map(({ target }) => target)).toEqual([
      "c-1/node-agent",
      "c-1/node-agent-windows",
    ]);
  });
  test("of a name that nobody knows is called a node agent", () => {
    const strange = nodeAgents(PIN.current, { change: { name: "own-node-agent" } });
    const of = overlapPlan([member([strange])]);
    expect(ask(nodeStartedHolds, member([]), { of }).map(({ target }) => target)).toEqual(["c-1/node-agent"]);
  });
  test("holds nothing where the cluster does not answer, which holds enough", () => {
    expect(ask(nodeStartedHolds, member(undefined, { reach: "none" }))).toEqual([]);
  });
  test("holds nothing of a cluster that came after the plan", () => {
    const late = clusterWith("c-9", agentWith(PIN.both));
    expect(ask(nodeStartedHolds, late)).toEqual([]);
  });
});
