import { describe, expect, test } from "vitest";
import { newSetSize, type Rollout, scaleInProportion, shrinkOldSets } from "./rolling-update.ts";

const set = (name: string, replicas: number, available: number) => ({ name, replicas, available });

interface Row {
  readonly name: string;
  readonly desired: number;
  /** maxSurge, maxUnavailable */
  readonly limits: readonly [number, number];
  readonly newSet: readonly [replicas: number, available: number];
  readonly oldSets: readonly (readonly [replicas: number, available: number])[];
  readonly grows: number;
  readonly shrinks: Readonly<Record<string, number>>;
}

const rows: Row[] = [
  {
    name: "an armed agent straddles: the waiting pod is not available, the old one stays",
    desired: 1,
    limits: [1, 0],
    newSet: [1, 0],
    oldSets: [[1, 1]],
    grows: 1,
    shrinks: {},
  },
  {
    name: "neither available: the old pod is not cleaned up, for it may be the one that comes back",
    desired: 1,
    limits: [1, 0],
    newSet: [1, 0],
    oldSets: [[1, 0]],
    grows: 1,
    shrinks: {},
  },
  {
    name: "the new pod is available: the old one goes",
    desired: 1,
    limits: [1, 0],
    newSet: [1, 1],
    oldSets: [[1, 1]],
    grows: 1,
    shrinks: { "old-0": 0 },
  },
  {
    name: "a rollout begins: one pod of surge",
    desired: 3,
    limits: [1, 0],
    newSet: [0, 0],
    oldSets: [[3, 3]],
    grows: 1,
    shrinks: {},
  },
  {
    name: "a rollout begins where pods may be missing",
    desired: 4,
    limits: [1, 1],
    newSet: [1, 0],
    oldSets: [[4, 4]],
    grows: 1,
    shrinks: { "old-0": 3 },
  },
  {
    name: "an unhealthy old pod is cleaned up before a healthy one",
    desired: 3,
    limits: [1, 1],
    newSet: [1, 1],
    oldSets: [
      [2, 2],
      [1, 0],
    ],
    grows: 1,
    shrinks: { "old-0": 1, "old-1": 0 },
  },
  {
    name: "the oldest ReplicaSet shrinks first",
    desired: 4,
    limits: [2, 0],
    newSet: [2, 2],
    oldSets: [
      [1, 1],
      [3, 3],
    ],
    grows: 2,
    shrinks: { "old-0": 0, "old-1": 2 },
  },
  {
    name: "a Deployment that was scaled down takes the rest from its new ReplicaSet",
    desired: 1,
    limits: [1, 0],
    newSet: [3, 3],
    oldSets: [],
    grows: 1,
    shrinks: {},
  },
];

describe("a rolling update", () => {
  test.each(rows)("$name", ({ desired, limits, newSet, oldSets, grows, shrinks }) => {
    const rollout: Rollout = {
      desired,
      limits: { maxSurge: limits[0], maxUnavailable: limits[1] },
      newSet: set("new", ...newSet),
      oldSets: oldSets.map((each, index) => set(`old-${index}`, ...each)),
    };
    expect(newSetSize(rollout)).toBe(grows);
    expect(Object.fromEntries(shrinkOldSets(rollout))).toEqual(shrinks);
  });
});

describe("scaling in the middle of a rollout", () => {
  test.each([
    {
      name: "up: both grow in proportion, the rounding goes to the first",
      desired: 20,
      maxSurge: 2,
      is: { new: 16, old: 6 },
    },
    { name: "down: both shrink", desired: 5, maxSurge: 1, is: { new: 4, old: 2 } },
    { name: "to nothing", desired: 0, maxSurge: 1, is: { new: 0, old: 0 } },
  ])("$name", ({ desired, maxSurge, is }) => {
    const sets = [
      { ...set("new", 8, 8), maxReplicas: 11 },
      { ...set("old", 3, 3), maxReplicas: 11 },
    ];
    expect(Object.fromEntries(scaleInProportion(sets, desired, maxSurge))).toEqual(is);
  });
});
