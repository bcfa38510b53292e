import { describe, expect, test } from "vitest";
import { inMinutes, isBackOff, restartDelay } from "./back-off.ts";

describe("the back-off of a container that keeps exiting", () => {
  test("grows as on a real kubelet (rancher.md §0b row 8), up to five minutes", () => {
    const delays: number[] = [];
    for (let exit = 0; exit < 9; exit += 1) delays.push(restartDelay(delays.at(-1), 1_500));
    expect(delays.map((delay) => delay / 1_000)).toEqual([1, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  test.each([
    { name: "is kept by a run of ten minutes", ranFor: 600_000, is: 160_000 },
    { name: "is forgotten after a longer one", ranFor: 600_001, is: 1_000 },
  ])("$name", ({ ranFor, is }) => {
    expect(restartDelay(80_000, ranFor)).toBe(is);
  });

  test("shows from the second restart on", () => {
    expect([1_000, 10_000].map(isBackOff)).toEqual([false, true]);
  });

  test.each([
    [10_000, "10s"],
    [160_000, "2m40s"],
    [300_000, "5m0s"],
  ])("%i ms is written %s", (delay, is) => {
    expect(inMinutes(delay)).toBe(is);
  });
});
