import { describe, expect, it } from "vitest";
import { NOW, nodeAgents, runningPod, waitingPod } from "../../test/helpers/estate-builder.ts";
import {
  type NodeAgentPod,
  type NodeAgentSet,
  nodeArmingObstacles,
  nodeStartObstacles,
  nodesAlignedWith,
  podsToRoll,
  successorObstacles,
} from "./node-agent.ts";

const PIN = "a".repeat(64);
const NEXT = "b".repeat(64);
const on = (node: string, pod: Omit<NodeAgentPod, "node">): NodeAgentPod => ({ ...pod, name: `agent-${node}`, node });
const armed = (change: Partial<NodeAgentSet> = {}) => nodeAgents(PIN, { next: NEXT, change });
/** Two that have long been running, and one that has just been started. */
const young = ["node-1", "node-2", "node-3"].map((node) => {
  const since = node === "node-2" ? { runningSince: new Date(NOW.getTime() - 1_000).toISOString() } : {};
  return on(node, { ...runningPod(PIN), ...since });
});
const going = (node: string): NodeAgentPod => ({ ...on(node, waitingPod(PIN)), deleting: true });
/** Node 2's has been running for so long. */
const runningFor = (milliseconds: number | undefined): NodeAgentPod[] =>
  young.map((pod) => {
    if (pod.node !== "node-2") return pod;
    const { runningSince: _, ...rest } = pod;
    const since = new Date(NOW.getTime() - (milliseconds ?? 0)).toISOString();
    return milliseconds === undefined ? rest : { ...rest, runningSince: since };
  });
const whys = (obstacles: readonly { readonly why: string }[]) => obstacles.map(({ why }) => why);

describe("node agents are armed for the next pin", () => {
  it.each([
    { name: "when they are updated OnDelete and every pod works on", set: armed(), why: [] },
    {
      name: "also when a pod that was made anew waits already",
      set: armed({
        pods: [on("node-1", waitingPod(NEXT)), on("node-2", runningPod(PIN)), on("node-3", runningPod(PIN))],
      }),
      why: [],
    },
    { name: "not with another pin", set: nodeAgents(PIN), why: [/does not carry the next pin/] },
    {
      name: "not when their controller would end working pods",
      set: armed({ updateStrategy: { type: "RollingUpdate" } }),
      why: [/not updated OnDelete/],
    },
    { name: "not when a crashing pod would count as well", set: armed({ minReadySeconds: 1 }), why: [/is 1/] },
    { name: "not before the controller has looked", set: armed({ settled: false }), why: [/has not acted/] },
    {
      name: "not while a node's is not well",
      set: nodeAgents(PIN, { next: NEXT, ailing: "node-2" }),
      why: [/on node node-2 is not Ready \(CrashLoopBackOff\)/],
    },
    { name: "not while a node has none", set: armed({ desired: 4 }), why: [/1 of 4 nodes have no pod/] },
    {
      name: "not while a node's only one is going",
      set: armed({ pods: [going("node-1"), on("node-2", runningPod(PIN)), on("node-3", runningPod(PIN))] }),
      why: [/1 of 3 nodes have no pod/],
    },
    {
      name: "also while one that was replaced is going: its successor works on",
      set: armed({
        pods: [going("node-1"), ...["node-1", "node-2", "node-3"].map((node) => on(node, runningPod(PIN)))],
      }),
      why: [],
    },
    {
      name: "not by an evicted pod in place of a node's own",
      set: armed({
        pods: [
          { ...on("node-1", runningPod(PIN)), phase: "Failed" },
          on("node-2", runningPod(PIN)),
          on("node-3", runningPod(PIN)),
        ],
      }),
      why: [/1 of 3 nodes have no pod/],
    },
    { name: "when minReadySeconds is just long enough", set: armed({ minReadySeconds: 30 }), why: [] },
    { name: "not when it is a second short", set: armed({ minReadySeconds: 29 }), why: [/is 29/] },
  ])("$name", ({ set, why }) => {
    const found = whys(nodeArmingObstacles(set, NEXT, 30));
    expect(found).toHaveLength(why.length);
    for (const [index, pattern] of why.entries()) expect(found[index]).toMatch(pattern);
  });
});

describe("node agents have started with a pin", () => {
  it.each([
    { name: "when every node's carries it and is available", set: nodeAgents(PIN), why: [] },
    { name: "not when the next pod would carry another", set: armed(), why: [/carries another pin/] },
    {
      name: "not while a node's is older",
      set: nodeAgents(PIN, {
        change: {
          pods: [on("node-1", runningPod(PIN)), on("node-2", runningPod(NEXT)), on("node-3", runningPod(PIN))],
        },
      }),
      why: [/agent-node-2 on node node-2 has another pin/],
    },
    {
      name: "not while one is in its start check",
      set: nodeAgents(PIN, { change: { available: 2 } }),
      why: [/2 of 3/],
    },
    {
      name: "not while one is Ready only because its start check has not failed yet",
      set: nodeAgents(PIN, { change: { pods: young } }),
      why: [/node-2 has not outlived its start check/],
    },
    {
      name: "where their controller has waited for that itself",
      set: nodeAgents(PIN, { change: { minReadySeconds: 30, pods: young } }),
      why: [],
    },
    { name: "not while one crashes", set: nodeAgents(PIN, { ailing: "node-3" }), why: [/node-3 is not Ready/] },
    {
      name: "not when one has run for just as long as a start check may take",
      set: nodeAgents(PIN, { change: { pods: runningFor(15_000) } }),
      why: [/node-2 has not outlived/],
    },
    {
      name: "when it has run a moment longer",
      set: nodeAgents(PIN, { change: { pods: runningFor(15_001) } }),
      why: [],
    },
    {
      name: "not when nothing tells since when one runs",
      set: nodeAgents(PIN, { change: { pods: runningFor(undefined) } }),
      why: [/node-2 has not outlived/],
    },
    {
      name: "not when their controller has waited for less than that",
      set: nodeAgents(PIN, { change: { minReadySeconds: 29, pods: young } }),
      why: [/node-2 has not outlived/],
    },
    {
      name: "not by a controller that has not looked at the latest change",
      set: nodeAgents(PIN, { change: { settled: false } }),
      why: [/has not acted on the latest change of DaemonSet cattle-node-agent/],
    },
    {
      name: "not when nothing was to be waited for, and their controller has waited for nothing",
      set: nodeAgents(PIN, { change: { pods: young } }),
      minReadySeconds: 0,
      why: [/node-2 has not outlived/],
    },
  ])("$name", ({ set, minReadySeconds = 30, why }) => {
    const found = whys(nodeStartObstacles(set, PIN, { now: NOW, minReadySeconds }));
    expect(found).toHaveLength(why.length);
    for (const [index, pattern] of why.entries()) expect(found[index]).toMatch(pattern);
  });
});

describe("the next node's turn", () => {
  const rolled = on("node-1", { ...runningPod(NEXT), uid: "new" });
  const rest = [on("node-2", runningPod(PIN)), on("node-3", runningPod(PIN))];
  const question = { pin: NEXT, available: 2 };

  it.each([
    {
      name: "comes when the successor is available",
      set: { pods: [rolled, ...rest], updated: 1, available: 3 },
      why: [],
    },
    {
      name: "does not come while the old pod ends",
      set: { pods: [{ ...on("node-1", runningPod(PIN)), deleting: true }, rolled, ...rest], updated: 1, available: 3 },
      why: [/no new pod yet/],
    },
    {
      name: "does not come without a successor",
      set: { pods: rest, updated: 0, available: 2 },
      why: [/no new pod yet/],
    },
    {
      name: "does not come by a count of the time before",
      set: { pods: [rolled, ...rest], updated: 0, available: 3 },
      why: [/not been Ready for long enough/],
    },
    {
      name: "does not come while the successor is in its start check",
      set: { pods: [rolled, ...rest], updated: 1, available: 2 },
      why: [/not been Ready for long enough/],
    },
    {
      name: "does not come by the old pod in the successor's place",
      set: { pods: [on("node-1", runningPod(PIN)), ...rest], updated: 1, available: 3 },
      why: [/no new pod yet/],
    },
    {
      name: "does not come by a successor that is going",
      set: { pods: [{ ...rolled, deleting: true }, ...rest], updated: 1, available: 3 },
      why: [/no new pod yet/],
    },
    {
      name: "does not come by a count that the controller made before the latest change",
      set: { settled: false, pods: [rolled, ...rest], updated: 1, available: 3 },
      why: [/not been Ready for long enough/],
    },
    {
      name: "comes whatever is going with the same pin on another node",
      set: {
        pods: [rolled, ...rest, { ...on("node-3", runningPod(NEXT)), deleting: true }],
        updated: 1,
        available: 3,
      },
      why: [],
    },
    {
      name: "does not come before the controller has counted each pod with the pin",
      set: { pods: [rolled, on("node-2", runningPod(NEXT)), on("node-3", runningPod(PIN))], updated: 1, available: 3 },
      why: [/not been Ready for long enough/],
    },
    {
      name: "does not come while the successor crashes",
      set: { pods: [on("node-1", waitingPod(NEXT)), ...rest], updated: 1, available: 2 },
      why: [/node-1 is not Ready/],
    },
  ])("$name", ({ set, why }) => {
    const found = whys(successorObstacles(armed(set), "node-1", question));
    expect(found).toHaveLength(why.length);
    for (const [index, pattern] of why.entries()) expect(found[index]).toMatch(pattern);
  });

  it("is in the order of the nodes' names, of those that have not had it", () => {
    const set = armed({ pods: [on("node-3", runningPod(PIN)), rolled, on("node-2", runningPod(PIN))] });
    expect(podsToRoll(set, NEXT).map(({ node }) => node)).toEqual(["node-2", "node-3"]);
  });

  it("is not given to a pod that is going, nor to one that is over", () => {
    const over = { ...on("node-4", runningPod(PIN)), phase: "Succeeded" };
    const five = ["node-5", "node-1", "node-3", "node-2", "node-10"].map((node) => on(node, runningPod(PIN)));
    const set = armed({ pods: [...five, over, { ...on("node-6", runningPod(PIN)), deleting: true }] });
    expect(podsToRoll(set, NEXT).map(({ node }) => node)).toEqual(["node-1", "node-10", "node-2", "node-3", "node-5"]);
  });
});

describe("node agents are aligned with a pin", () => {
  it.each([
    { name: "when nothing carries another", set: nodeAgents(PIN), is: true },
    { name: "not when the template does", set: armed(), is: false },
    { name: "not when a pod does", set: nodeAgents(NEXT, { change: { pin: PIN } }), is: false },
    {
      name: "not when one of several pods does",
      set: nodeAgents(PIN, { change: { pods: [on("node-1", runningPod(PIN)), on("node-2", runningPod(NEXT))] } }),
      is: false,
    },
    {
      name: "whatever a pod that is over carries",
      set: nodeAgents(PIN, { change: { pods: [{ ...on("node-1", runningPod(NEXT)), phase: "Failed" }] } }),
      is: true,
    },
  ])("$name", ({ set, is }) => {
    expect(nodesAlignedWith(set, PIN)).toBe(is);
  });
});
