import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, nodeAgents, offlineCluster } from "../../test/helpers/estate-builder.ts";
import { BEGUN, done, type Line, stateOf } from "../../test/helpers/journal-builder.ts";
import { overlapPlan, PIN } from "../../test/helpers/plan-builder.ts";
import type { Plan } from "../plan/plan.ts";
import { armAgent } from "../plan/steps/arm-agent.ts";
import { minReadySecondsBefore, nodeAgentsBefore } from "./before-arming.ts";
import type { JournalEvent } from "./entry.ts";

const forth = overlapPlan([
  clusterWith("c-seen", agentWith(PIN.current, { minReadySeconds: 4 })),
  offlineCluster("c-away"),
]);
const [current, both, target] = forth.epochs;
if (current === undefined || both === undefined || target === undefined) throw new Error("an overlap has three epochs");
/** From where everything was done. */
const back: Plan = { ...forth, direction: "rollback", epochs: [target, both, current] };

const saw = (pin: string, minReadySeconds: number): JournalEvent => ({
  type: "step-started",
  data: { before: { pin, minReadySeconds } },
});
const opened: JournalEvent = {
  type: "step-added",
  data: { stage: "widen", step: armAgent(forth, { id: "c-away", name: "away" }, both) },
};
const ROLLBACK: JournalEvent = {
  type: "plan-begun",
  data: { file: "rollback-1.json", digest: "e".repeat(64), direction: "rollback", holder: "ann@laptop" },
};

describe("what is given back to an agent", () => {
  const arm = "c-away/arm-agent@both";
  const rows: { name: string; lines: Line[]; plan?: Plan; cluster?: string; seconds: number | undefined }[] = [
    { name: "what the plan saw, where nothing was armed", lines: [], cluster: "c-seen", seconds: 4 },
    { name: "what it had when it was armed late", lines: [[arm, saw(PIN.current, 7)]], seconds: 7 },
    {
      name: "what it had at its first arming, not what that made of it",
      lines: [
        [arm, saw(PIN.current, 7)],
        ["c-away/arm-agent@target", saw(PIN.both, 30)],
      ],
      seconds: 7,
    },
    {
      name: "what it had at its first arming, where its pin was put back and it was armed again",
      lines: [
        [arm, saw(PIN.current, 7)],
        [arm, { type: "step-applied", data: {} }],
        [arm, done],
        [arm, opened],
        [arm, saw(PIN.current, 30)],
      ],
      seconds: 7,
    },
    {
      name: "what it had when it was moved without having been armed",
      lines: [["c-away/roll-agent@both", saw(PIN.current, 7)]],
      seconds: 7,
    },
    {
      name: "what an agent of yet another pin had",
      lines: [[arm, saw("0".repeat(64), 12)]],
      seconds: 12,
    },
    {
      name: "what the plan saw, whatever a step saw of its own work",
      lines: [
        ["c-seen/roll-agent@current", saw("0".repeat(64), 4)],
        ["c-seen/arm-agent@both", saw(PIN.current, 30)],
      ],
      cluster: "c-seen",
      seconds: 4,
    },
    {
      name: "what it had before it was aligned, where it pinned another bundle than the served one",
      lines: [
        ["c-away/roll-agent@current", saw("0".repeat(64), 7)],
        [arm, saw(PIN.current, 30)],
      ],
      seconds: 7,
    },
    {
      name: "not known, where the journal was lost and it was armed before",
      lines: [["c-away/arm-agent@target", saw(PIN.both, 30)]],
      seconds: undefined,
    },
    {
      name: "not known of a cluster that was never touched",
      lines: [],
      seconds: undefined,
    },
    {
      name: "what the way forth knew, on a way back, where no step saw more",
      lines: [ROLLBACK],
      plan: back,
      seconds: 0,
    },
    {
      name: "the beginning's, on a way back from the end",
      lines: [[arm, saw(PIN.current, 7)], ROLLBACK, [arm, saw(PIN.target, 30)]],
      plan: back,
      seconds: 7,
    },
    {
      name: "the beginning's, on a way back that is the first to reach it",
      lines: [ROLLBACK, [arm, saw(PIN.current, 7)]],
      plan: back,
      seconds: 7,
    },
  ];
  test.each(rows)("is $name", ({ lines, plan = forth, cluster = "c-away", seconds }) => {
    expect(minReadySecondsBefore(plan, stateOf(BEGUN, ...lines).plans, cluster)).toBe(seconds);
  });
});

describe("what is given back to node agents", () => {
  const own = { name: "cattle-node-agent", updateStrategy: { type: "RollingUpdate" }, minReadySeconds: 0 };
  const windows = { ...own, name: "cattle-node-agent-windows", minReadySeconds: 5 };
  const armed = { ...own, updateStrategy: { type: "OnDelete" }, minReadySeconds: 30 };
  const sawSets = (...sets: readonly object[]): JournalEvent => ({
    type: "step-started",
    data: { before: { sets: sets.map((set) => ({ pin: PIN.current, ...set })) } },
  });
  const seen = overlapPlan([
    clusterWith("c-seen", agentWith(PIN.current), { nodeAgents: [nodeAgents(PIN.current)] }),
    clusterWith("c-away", agentWith(PIN.current)),
  ]);
  const rows: { name: string; lines: Line[]; cluster: string; given: readonly object[] }[] = [
    { name: "what the plan saw", lines: [], cluster: "c-seen", given: [own] },
    { name: "nothing, where they were never touched", lines: [], cluster: "c-away", given: [] },
    {
      name: "what they had at their first arming, not what that made of it",
      lines: [
        ["c-away/arm-node-agents@both", sawSets(own)],
        ["c-away/arm-node-agents@target", sawSets(armed)],
      ],
      cluster: "c-away",
      given: [own],
    },
    {
      name: "what the plan saw, and what came later as it was when it was first touched",
      lines: [["c-seen/roll-node-agents@both", sawSets(armed, windows)]],
      cluster: "c-seen",
      given: [own, windows],
    },
  ];
  test.each(rows)("is $name", ({ lines, cluster, given }) => {
    const { plans } = stateOf(BEGUN, ...lines);
    expect(nodeAgentsBefore(seen, plans, cluster)).toEqual(given);
  });
});
