import { describe, expect, test } from "vitest";
import {
  agentWith,
  armedAgent,
  NOW,
  runningPod,
  secondsBefore,
  waitingPod,
} from "../../test/helpers/estate-builder.ts";
import type { AgentWorkload } from "./agent.ts";
import {
  alignedWith,
  armingObstacles,
  hasStarted,
  isArmed,
  latentMismatch,
  replicasDisagree,
  startObstacles,
  waitingPods,
} from "./agent-state.ts";

const OLD = "a".repeat(64);
const NEXT = "b".repeat(64);
const question = { now: NOW, minReadySeconds: 30, connected: true };

describe("an agent is armed", () => {
  const rows: [string, AgentWorkload][] = [
    ["old pod Ready, new pod crash-looping", armedAgent(OLD, NEXT)],
    [
      "the new pod happens to be Ready for a moment",
      armedAgent(OLD, NEXT, { pods: [runningPod(OLD), runningPod(NEXT)] }),
    ],
    ["minReadySeconds is longer than needed", armedAgent(OLD, NEXT, { minReadySeconds: 90 })],
    [
      "two replicas, both old pods Ready",
      armedAgent(OLD, NEXT, { replicas: 2, pods: [runningPod(OLD, "one"), runningPod(OLD, "two"), waitingPod(NEXT)] }),
    ],
    [
      "an evicted pod is left over",
      armedAgent(OLD, NEXT, {
        pods: [runningPod(OLD), waitingPod(NEXT), { ...runningPod("c", "gone"), phase: "Failed" }],
      }),
    ],
    [
      "a pod that has ended by itself is left over",
      armedAgent(OLD, NEXT, {
        replicas: 2,
        pods: [
          runningPod(OLD, "one"),
          runningPod(OLD, "two"),
          waitingPod(NEXT),
          { ...runningPod("c", "gone"), phase: "Succeeded" },
        ],
      }),
    ],
  ];
  test.each(rows)("when %s", (_, agent) => {
    expect(armingObstacles(agent, NEXT, 30)).toEqual([]);
    expect(isArmed(agent, NEXT, 30)).toBe(true);
  });
});

describe("an agent is not armed", () => {
  const rows: [string, AgentWorkload, string][] = [
    ["its Deployment still has the old pin", agentWith(OLD), "does not carry the next pin"],
    ["Rancher's own redeploy put the pin back", agentWith(OLD, { minReadySeconds: 30 }), "does not carry the next pin"],
    ["minReadySeconds is missing", armedAgent(OLD, NEXT, { minReadySeconds: 0 }), "minReadySeconds is 0"],
    ["minReadySeconds is one second short", armedAgent(OLD, NEXT, { minReadySeconds: 29 }), "minReadySeconds is 29"],
    ["the rollout is paused", armedAgent(OLD, NEXT, { paused: true }), "paused"],
    ["the controller has not acted", armedAgent(OLD, NEXT, { settled: false }), "has not acted"],
    ["the old pod is gone", armedAgent(OLD, NEXT, { pods: [waitingPod(NEXT)] }), "0 of 1 pods"],
    [
      "the old pod is being deleted",
      armedAgent(OLD, NEXT, { pods: [{ ...runningPod(OLD), deleting: true }, waitingPod(NEXT)] }),
      "0 of 1 pods",
    ],
    [
      "one of two old pods is not Ready",
      armedAgent(OLD, NEXT, { replicas: 2, pods: [runningPod(OLD, "one"), waitingPod(OLD, "two"), waitingPod(NEXT)] }),
      "1 of 2 pods",
    ],
    [
      "its old pods disagree",
      armedAgent(OLD, NEXT, { replicas: 2, pods: [runningPod(OLD), runningPod("c".repeat(64)), waitingPod(NEXT)] }),
      "several older pins",
    ],
    ["no new pod was made", armedAgent(OLD, NEXT, { pods: [runningPod(OLD)] }), "no pod with the next pin"],
    [
      "the new pod is being deleted",
      armedAgent(OLD, NEXT, { pods: [runningPod(OLD), { ...waitingPod(NEXT), deleting: true }] }),
      "no pod with the next pin",
    ],
    [
      "the image cannot be pulled",
      armedAgent(OLD, NEXT, {
        pods: [runningPod(OLD), { ...waitingPod(NEXT), hasRun: false, waiting: "ImagePullBackOff" }],
      }),
      "ImagePullBackOff",
    ],
    [
      "there is no node for the new pod",
      armedAgent(OLD, NEXT, {
        pods: [runningPod(OLD), { ...waitingPod(NEXT), hasRun: false, waiting: "Unschedulable" }],
      }),
      "Unschedulable",
    ],
  ];
  test.each(rows)("when %s", (_, agent, why) => {
    expect(isArmed(agent, NEXT, 30)).toBe(false);
    expect(
      armingObstacles(agent, NEXT, 30)
        .map((obstacle) => obstacle.why)
        .join(),
    ).toContain(why);
  });
});

describe("what keeps a new pod from starting", () => {
  const yet = "no pod with the next pin has been started yet";
  const pull = "The node cannot pull the agent's image any more: mend the registry or its credentials.";
  const look = "Wait for it; then look at the events of the agent's new pod.";
  const rows: [string | undefined, string, string][] = [
    ["ImagePullBackOff", `${yet} (ImagePullBackOff)`, pull],
    ["ErrImagePull", `${yet} (ErrImagePull)`, pull],
    ["Unschedulable", `${yet} (Unschedulable)`, "No node has room for a second agent pod: make room for it."],
    ["CreateContainerConfigError", `${yet} (CreateContainerConfigError)`, look],
    [undefined, yet, look],
  ];
  test.each(rows)("%s: what is said and to be done", (waiting, why, hint) => {
    const { waiting: _, ...pod } = waitingPod(NEXT);
    const next = { ...pod, hasRun: false, ...(waiting === undefined ? {} : { waiting }) };
    const agent = armedAgent(OLD, NEXT, { pods: [runningPod(OLD), next] });
    expect(armingObstacles(agent, NEXT, 30)).toEqual([{ why, hint }]);
  });
});

describe("an agent has started with a pin", () => {
  const young = { ...runningPod(NEXT), runningSince: secondsBefore(5) };
  const { runningSince: _, ...unknownSince } = runningPod(NEXT);
  const COUNTS = (replicas: number) => ({
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
    totalReplicas: replicas,
  });
  const rows: [string, AgentWorkload, { connected: boolean }][] = [
    ["its only pod runs for an hour and is connected", agentWith(NEXT), { connected: true }],
    [
      "a new pod is available after minReadySeconds",
      agentWith(NEXT, { minReadySeconds: 30, pods: [young] }),
      { connected: false },
    ],
    [
      "its pod runs a moment longer than a start check takes",
      agentWith(NEXT, { pods: [{ ...runningPod(NEXT), runningSince: secondsBefore(16) }] }),
      { connected: true },
    ],
    [
      "a pod that was replaced is going",
      agentWith(NEXT, { pods: [runningPod(NEXT), { ...waitingPod(NEXT), deleting: true }] }),
      { connected: true },
    ],
    [
      "a completed pod with the old pin is left over",
      agentWith(NEXT, { pods: [runningPod(NEXT), { ...runningPod(OLD), phase: "Succeeded" }] }),
      { connected: true },
    ],
  ];
  test.each(rows)("when %s", (_, agent, { connected }) => {
    expect(startObstacles(agent, NEXT, { ...question, connected })).toEqual([]);
  });

  const refused: [string, AgentWorkload, { connected: boolean }, string][] = [
    ["its Deployment has another pin", agentWith(OLD), { connected: true }, "its Deployment carries another pin"],
    [
      "its Deployment was put back while its pods go on",
      agentWith(OLD, { pods: [runningPod(NEXT)] }),
      { connected: true },
      "its Deployment carries another pin",
    ],
    [
      "an old pod still ends",
      agentWith(NEXT, { pods: [runningPod(NEXT), { ...runningPod(OLD), deleting: true }] }),
      { connected: true },
      "still there",
    ],
    ["it is armed only", armedAgent(OLD, NEXT), { connected: true }, "still there"],
    ["its pod runs for 5 s", agentWith(NEXT, { pods: [young] }), { connected: true }, "not outlived"],
    ["it runs long but never connected", agentWith(NEXT), { connected: false }, "not outlived"],
    [
      "minReadySeconds is too short to prove anything",
      agentWith(NEXT, { minReadySeconds: 10, pods: [young] }),
      { connected: true },
      "not outlived",
    ],
    [
      "its pod runs as long as a start check may take",
      agentWith(NEXT, { pods: [{ ...runningPod(NEXT), runningSince: secondsBefore(15) }] }),
      { connected: true },
      "not outlived",
    ],
    [
      "nothing tells since when its pod runs",
      agentWith(NEXT, { pods: [unknownSince] }),
      { connected: true },
      "not outlived",
    ],
    [
      "one of its two pods is young",
      agentWith(NEXT, {
        ...COUNTS(2),
        pods: [runningPod(NEXT, "one"), { ...young, name: "two" }],
      }),
      { connected: true },
      "not outlived",
    ],
    [
      "its controller counts none Ready",
      agentWith(NEXT, { readyReplicas: 0 }),
      { connected: true },
      "not all of its pods",
    ],
    [
      "only one of two pods is there, whatever its controller counts",
      agentWith(NEXT, COUNTS(2)),
      { connected: true },
      "not all of its pods",
    ],
    [
      "its controller has not made all pods anew",
      agentWith(NEXT, { updatedReplicas: 0 }),
      { connected: true },
      "rollout is not finished",
    ],
    [
      "its controller still counts an older pod",
      agentWith(NEXT, { totalReplicas: 2 }),
      { connected: true },
      "rollout is not finished",
    ],
    ["its pod crash-loops", agentWith(NEXT, { pods: [waitingPod(NEXT)] }), { connected: true }, "not all of its pods"],
    ["one of two replicas is missing", agentWith(NEXT, { replicas: 2 }), { connected: true }, "not all of its pods"],
    [
      "it is not yet available",
      agentWith(NEXT, { minReadySeconds: 30, availableReplicas: 0 }),
      { connected: true },
      "rollout is not finished",
    ],
    ["it is scaled to 0", agentWith(NEXT, { replicas: 0, pods: [] }), { connected: true }, "scaled to 0"],
    ["its rollout is paused", agentWith(NEXT, { paused: true }), { connected: true }, "paused"],
    ["the controller has not acted", agentWith(NEXT, { settled: false }), { connected: true }, "has not acted"],
  ];
  test.each(refused)("but not when %s", (_, agent, { connected }, why) => {
    expect(hasStarted(agent, NEXT, { ...question, connected })).toBe(false);
    expect(
      startObstacles(agent, NEXT, { ...question, connected })
        .map((one) => one.why)
        .join(),
    ).toContain(why);
  });
});

test("of two pods that are to be there, one with the pin and one that is going are not enough", () => {
  const counts = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, totalReplicas: 2 };
  const pods = [runningPod(NEXT, "one"), { ...runningPod(NEXT, "two"), deleting: true }];
  expect(startObstacles(agentWith(NEXT, { ...counts, pods }), NEXT, question)).toHaveLength(1);
});

test("a pod with another pin that is over keeps nobody waiting, and one that lives does", () => {
  const over = { ...runningPod(OLD), phase: "Failed" };
  expect(hasStarted(agentWith(NEXT, { pods: [runningPod(NEXT), over] }), NEXT, question)).toBe(true);
  expect(hasStarted(agentWith(NEXT, { pods: [runningPod(NEXT), runningPod(OLD)] }), NEXT, question)).toBe(false);
});

test("without minReadySeconds to wait for, nothing but a connection and time shows a start", () => {
  const agent = agentWith(NEXT, { pods: [{ ...runningPod(NEXT), runningSince: secondsBefore(5) }] });
  expect(hasStarted(agent, NEXT, { ...question, minReadySeconds: 0 })).toBe(false);
  expect(hasStarted(agentWith(NEXT), NEXT, { ...question, minReadySeconds: 0 })).toBe(true);
});

describe("an agent that works would not survive its next restart", () => {
  test("when its running pods pin a bundle that is no longer served", () => {
    expect(latentMismatch(agentWith(OLD), NEXT)).toContain("stop at their next start");
  });
  test("when its Deployment carries another pin and nothing keeps the old pod", () => {
    const agent = agentWith(NEXT, { pods: [runningPod(OLD)] });
    expect(latentMismatch(agent, OLD)).toContain("the next pod");
  });
  test("but would when it is armed, or pinned to what is served", () => {
    expect(latentMismatch(armedAgent(OLD, NEXT), OLD)).toBeUndefined();
    expect(latentMismatch(armedAgent(OLD, NEXT, { pods: [waitingPod(OLD), runningPod(NEXT)] }), NEXT)).toBeUndefined();
    expect(latentMismatch(agentWith(OLD), OLD)).toBeUndefined();
  });

  const serving: [string, AgentWorkload["pods"]][] = [
    ["only a pod that does not serve pins another bundle", [waitingPod(OLD)]],
    ["only a pod that is going pins another bundle", [{ ...runningPod(OLD), deleting: true }, waitingPod(NEXT)]],
    ["one of two pods is pinned to what is served", [runningPod(OLD), runningPod(NEXT)]],
    ["it has no pods", []],
  ];
  test.each(serving)("but would where its Deployment is pinned to what is served and %s", (_, pods) => {
    expect(latentMismatch(agentWith(NEXT, { pods }), NEXT)).toBeUndefined();
  });
});

test("replicas disagree when Ready pods carry different pins and no rollout will end that", () => {
  const pods = [runningPod(OLD), runningPod(NEXT)];
  expect(replicasDisagree(agentWith(NEXT, { replicas: 2, pods }))).toBe(true);
  expect(replicasDisagree(agentWith(NEXT, { minReadySeconds: 30, pods }))).toBe(false);
  expect(
    replicasDisagree(agentWith(OLD, { replicas: 2, pods: [runningPod(OLD, "one"), runningPod(OLD, "two")] })),
  ).toBe(false);
  // minReadySeconds alone ends nothing: all pods that are wanted are there.
  expect(replicasDisagree(agentWith(NEXT, { replicas: 2, minReadySeconds: 30, pods }))).toBe(true);
  // Nor does one pod too many, where nothing keeps the old ones.
  expect(replicasDisagree(agentWith(NEXT, { replicas: 1, pods }))).toBe(true);
  const waits = [runningPod(OLD), waitingPod(NEXT)];
  expect(replicasDisagree(agentWith(NEXT, { replicas: 2, pods: waits }))).toBe(false);
  const goes = [runningPod(OLD), { ...runningPod(NEXT), deleting: true }];
  expect(replicasDisagree(agentWith(NEXT, { replicas: 2, pods: goes }))).toBe(false);
});

test("an agent is aligned with a pin when template and every live pod carry it, well or not", () => {
  expect(alignedWith(agentWith(OLD), OLD)).toBe(true);
  expect(alignedWith(agentWith(OLD, { pods: [waitingPod(OLD)] }), OLD)).toBe(true);
  expect(alignedWith(armedAgent(OLD, NEXT), NEXT)).toBe(false);
  expect(alignedWith(agentWith(NEXT, { pods: [runningPod(OLD)] }), OLD)).toBe(false);
});

test("only pods that wait with the pin are nudged: never one that serves or is already going", () => {
  const going = { ...waitingPod(NEXT, "going"), deleting: true };
  const agent = armedAgent(OLD, NEXT, { pods: [runningPod(OLD), waitingPod(NEXT, "waiting"), going] });
  expect(waitingPods(agent, NEXT).map(({ name }) => name)).toEqual(["waiting"]);
  expect(waitingPods(agent, OLD)).toEqual([]);
});
