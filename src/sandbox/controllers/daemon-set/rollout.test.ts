import { describe, expect, test } from "vitest";
import { type DaemonNode, daemonStep } from "./rollout.ts";

const old = (name: string, available = true) => ({ name, updated: false, available });
const fresh = (name: string, available = true) => ({ name, updated: true, available });
const on = (name: string, ...pods: DaemonNode["pods"][number][]): DaemonNode => ({ name, pods });
const oneMissing = { maxSurge: 0, maxUnavailable: 1 };
const oneMore = { maxSurge: 1, maxUnavailable: 0 };

describe("a DaemonSet", () => {
  test.each([
    {
      name: "makes a pod on each empty node",
      nodes: [on("a"), on("b", fresh("b-1"))],
      limits: oneMissing,
      create: ["a"],
      remove: [],
    },
    {
      name: "replaces one node after the other",
      nodes: [on("a", old("a-1")), on("b", old("b-1"))],
      limits: oneMissing,
      create: [],
      remove: ["a-1"],
    },
    {
      name: "waits while a node is without",
      nodes: [on("a", fresh("a-2", false)), on("b", old("b-1"))],
      limits: oneMissing,
      create: [],
      remove: [],
    },
    {
      name: "replaces what serves nobody at once",
      nodes: [on("a", old("a-1", false)), on("b", old("b-1"))],
      limits: oneMissing,
      create: [],
      remove: ["a-1"],
    },
    {
      name: "that is updated OnDelete leaves running pods alone",
      nodes: [on("a", old("a-1")), on("b")],
      limits: undefined,
      create: ["b"],
      remove: [],
    },
    {
      name: "with surge puts a new pod beside an old one",
      nodes: [on("a", old("a-1")), on("b", old("b-1"))],
      limits: oneMore,
      create: ["a"],
      remove: [],
    },
    {
      name: "with surge keeps the old pod until the new one is available",
      nodes: [on("a", old("a-1"), fresh("a-2", false)), on("b", old("b-1"))],
      limits: oneMore,
      create: [],
      remove: [],
    },
    {
      name: "with surge lets the old pod go then",
      nodes: [on("a", old("a-1"), fresh("a-2"))],
      limits: oneMore,
      create: [],
      remove: ["a-1"],
    },
  ])("$name", ({ nodes, limits, create, remove }) => {
    expect(daemonStep(nodes, limits)).toEqual({ create, remove });
  });
});
