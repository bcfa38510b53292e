import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** A process that makes 600 MB of objects, of which the latest 8 MB live; prints the megabytes of its young space. */
const program = (begin: string): string => `
  import { getHeapSpaceStatistics } from "node:v8";
  import { setImmediate } from "node:timers/promises";
  import { saveMemory } from "${import.meta.resolve("./memory.ts")}";
  ${begin}
  const latest = [];
  for (let turn = 0; turn < 3000; turn++) {
    latest[turn % 40] = Array.from({ length: 2000 }, (_, index) => ({ index, turn, more: [index] }));
    await setImmediate();
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  console.log(Math.round(young.space_size / 1e6));
`;

const youngMegabytes = (begin: string): number =>
  Number(execFileSync(process.execPath, ["--input-type=module", "--eval", program(begin)], { encoding: "utf8" }));

describe("the space for young objects of a process", () => {
  it("stays small where it works on an estate", () => {
    expect(youngMegabytes("saveMemory();")).toBeLessThan(40);
  });

  it("would grow by itself", () => {
    expect(youngMegabytes("")).toBeGreaterThan(60);
  });
});

/** A process that holds so many megabytes one after the other, and has all of its memory collected three times at each. */
const holding = (megabytes: readonly number[]): string => `
  import { PerformanceObserver } from "node:perf_hooks";
  import { saveMemory } from "${import.meta.resolve("./memory.ts")}";
  saveMemory();
  setInterval(() => {}, 1000);
  for (const megabytes of ${JSON.stringify(megabytes)}) {
    globalThis.held = Array.from({ length: megabytes * 10 }, () => Array.from({ length: 12_500 }, () => 0.5));
    for (let times = 0; times < 3; times++) {
      // Told after the observer of the program is.
      const told = new Promise((resolve) => new PerformanceObserver(resolve).observe({ entryTypes: ["gc"] }));
      gc();
      await told;
    }
    console.log("held", megabytes);
  }
  process.exit();
`;

/** By what the runtime lets the process grow until its next whole collection, as it says itself to one decimal, at each size. */
function growth(megabytes: readonly number[]): number[] {
  const flags = ["--expose-gc", "--trace-gc-verbose", "--input-type=module"];
  const said = execFileSync(process.execPath, [...flags, "--eval", holding(megabytes)], { encoding: "utf8" });
  const sizes = said.split(/^held \d+$/m).slice(0, -1);
  return sizes.map((text) => Number([...text.matchAll(/HeapController\] factor ([\d.]+)/g)].at(-1)?.[1]));
}

describe("what a process that works on an estate may grow by, from one whole collection to the next", () => {
  const rows: [string, number[], number[]][] = [
    ["70 percent of little, 30 of 70 MB, and 70 again when it has let go of that", [20, 70, 20], [1.7, 1.3, 1.7]],
    ["70 percent of 45 MB as well", [45], [1.7]],
  ];
  it.each(rows)("%s", (_, megabytes, expected) => {
    expect(growth(megabytes)).toEqual(expected);
  });
});

/**
 * A process that makes many small objects, lets go of every second one, and goes on making others until four whole
 * collections have come by themselves; prints how many times what is in use its pages take.
 */
const WITH_HOLES = `
  import { constants, PerformanceObserver } from "node:perf_hooks";
  import { setImmediate } from "node:timers/promises";
  import { getHeapStatistics } from "node:v8";
  import { saveSandboxMemory } from "${import.meta.resolve("./memory.ts")}";
  saveSandboxMemory();
  let collections = 0;
  new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections++;
  }).observe({ entryTypes: ["gc"] });
  const many = (count) => Array.from({ length: count }, (_, index) => ({ index, more: [index] }));
  globalThis.held = many(1_500_000).filter((_, index) => index % 2 === 0);
  const latest = [];
  for (let turn = 0; collections < 4; turn++) {
    latest[turn % 20] = many(10_000);
    await setImmediate();
  }
  const { total_heap_size: total, used_heap_size: used } = getHeapStatistics();
  console.log(total / used);
`;

it("the pages that old objects of a simulated estate are in are few", () => {
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", WITH_HOLES], { encoding: "utf8" });
  expect(Number(said)).toBeLessThan(1.5);
});
