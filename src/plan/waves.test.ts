import { describe, expect, test } from "vitest";
import { DEFAULT_OPTIONS, type PlanOptions } from "./options.ts";
import type { Step } from "./plan.ts";
import { canaryOf, onceWave, strictWave, wavesOf } from "./waves.ts";

function steps(count: number): Step[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `c-${index}/arm-agent@both`,
    kind: "arm-agent",
    target: `c-${index}`,
    says: "Arm it.",
    manual: { row: "M1.11", commands: [] },
    permissions: [],
    undo: { kind: "nothing-to-undo" },
  }));
}

function sizes(count: number, change: Partial<PlanOptions>) {
  return wavesOf("arm@both", steps(count), { ...DEFAULT_OPTIONS, ...change }).map((wave) => [
    wave.id,
    wave.steps.length,
    wave.failureBudget,
  ]);
}

describe("a stage over clusters", () => {
  const rows: [string, number, Partial<PlanOptions>, [string, number, number][]][] = [
    ["nobody", 0, {}, []],
    ["one cluster is its own canary", 1, {}, [["arm@both/canary", 1, 0]]],
    [
      "a canary, then the rest in one wave",
      12,
      {},
      [
        ["arm@both/canary", 1, 0],
        ["arm@both/wave-1", 11, 1],
      ],
    ],
    [
      "waves of the size that was set, the last one smaller",
      8,
      { waveSize: 3 },
      [
        ["arm@both/canary", 1, 0],
        ["arm@both/wave-1", 3, 1],
        ["arm@both/wave-2", 3, 1],
        ["arm@both/wave-3", 1, 1],
      ],
    ],
    [
      "two canaries that were chosen",
      4,
      { canary: ["c-1", "c-3"] },
      [
        ["arm@both/canary", 2, 0],
        ["arm@both/wave-1", 2, 1],
      ],
    ],
    [
      "a chosen canary that is not there gives way to the first",
      2,
      { canary: ["c-9"] },
      [
        ["arm@both/canary", 1, 0],
        ["arm@both/wave-1", 1, 1],
      ],
    ],
    [
      "a tenth of a large wave may fail",
      51,
      { waveSize: 50 },
      [
        ["arm@both/canary", 1, 0],
        ["arm@both/wave-1", 50, 5],
      ],
    ],
    [
      "as many as were allowed may fail, but never in the canary",
      3,
      { failureBudget: 2 },
      [
        ["arm@both/canary", 1, 0],
        ["arm@both/wave-1", 2, 2],
      ],
    ],
  ];
  test.each(rows)("%s", (_, count, change, expected) => {
    expect(sizes(count, change)).toEqual(expected);
  });

  test("loses no step and has none twice", () => {
    const all = steps(23);
    const waved = wavesOf("x", all, { ...DEFAULT_OPTIONS, waveSize: 4, canary: ["c-7", "c-20"] }).flatMap(
      (wave) => wave.steps,
    );
    expect(waved.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted());
  });

  test("soaks and works as concurrently as was set", () => {
    const [, wave] = wavesOf("x", steps(3), { ...DEFAULT_OPTIONS, concurrency: 2, soakSeconds: 60 });
    expect(wave).toMatchObject({ concurrency: 2, soakSeconds: 60, canary: false });
  });
});

test("what clusters do by themselves is watched in one wave, without soaking", () => {
  expect(onceWave("spread@both", [], DEFAULT_OPTIONS)).toEqual([]);
  const [wave] = onceWave("spread@both", steps(30), { ...DEFAULT_OPTIONS, soakSeconds: 60, spreadConcurrency: 9 });
  expect(wave).toMatchObject({ id: "spread@both/once", concurrency: 9, soakSeconds: 0, failureBudget: 3 });
  expect(onceWave("widen", steps(1), DEFAULT_OPTIONS)[0]?.failureBudget).toBe(0);
});

test("steps of Rancher itself run one after the other, and none may fail", () => {
  expect(strictWave("widen/once", steps(2))).toMatchObject({ concurrency: 1, failureBudget: 0, soakSeconds: 0 });
});

test("without clusters there is no canary", () => {
  expect(canaryOf([], DEFAULT_OPTIONS)).toEqual([]);
});
