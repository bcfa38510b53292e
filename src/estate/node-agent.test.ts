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
  ])("$name", ({ set, why }) => {
    const found = whys(nodeStartObstacles(set, PIN, { now: NOW, minReadySeconds: 30 }));
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
});

describe("node agents are aligned with a pin", () => {
  it.each([
    { name: "when nothing carries another", set: nodeAgents(PIN), is: true },
    { name: "not when the template does", set: armed(), is: false },
    { name: "not when a pod does", set: nodeAgents(NEXT, { change: { pin: PIN } }), is: false },
  ])("$name", ({ set, is }) => {
    expect(nodesAlignedWith(set, PIN)).toBe(is);
  });
});
