import { describe, expect, test } from "vitest";
import { realClock } from "./clock.ts";

describe("a clock", () => {
  test("divides durations by its speed and keeps their order", async () => {
    const clock = realClock(1000);
    const started = performance.now();
    const fired: string[] = [];
    await new Promise<void>((resolve) => {
      clock.after(60_000, () => {
        fired.push("minute");
        resolve();
      });
      clock.after(20_000, () => fired.push("third of a minute"));
    });
    expect(fired).toEqual(["third of a minute", "minute"]);
    expect(performance.now() - started).toBeGreaterThan(50);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("shows the time of the wall whatever its speed", () => {
    expect(Math.abs(realClock(500).now().getTime() - Date.now())).toBeLessThan(1_000);
  });

  test("counts the time since a moment in its own time", () => {
    const aSecondAgo = new Date(Date.now() - 1_000);
    expect(realClock(20).elapsed(aSecondAgo)).toBeGreaterThanOrEqual(20_000);
    expect(realClock(20).elapsed(aSecondAgo)).toBeLessThan(40_000);
  });

  test("does not fire a cancelled timer, nor any after it was stopped", async () => {
    const clock = realClock(1000);
    const witness = realClock(1000);
    const fired: string[] = [];
    clock.after(1_000, () => fired.push("cancelled")).cancel();
    clock.after(5_000, () => fired.push("pending at the stop"));
    clock.stop();
    clock.after(1_000, () => fired.push("set after the stop"));
    await new Promise<void>((resolve) => witness.after(40_000, resolve));
    expect(fired).toEqual([]);
  });
});
