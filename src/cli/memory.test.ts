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
