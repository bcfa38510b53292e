import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { realClock } from "./clock.ts";
import { HeldClock } from "./held-clock.ts";
import { Stalls } from "./stalls.ts";

const never = { since: () => [] };
const wall = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a timer that would fire while work is awaited fires after it, once its time has passed", async () => {
  const clock = new HeldClock(realClock(1000), never);
  const order: string[] = [];
  const fired = new Promise<void>((resolve) => {
    clock.after(30_000, () => {
      order.push("thirty seconds");
      resolve();
    });
  });
  await clock.during(wall(100));
  order.push("work");
  await fired;
  expect(order).toEqual(["work", "thirty seconds"]);
});

test("time that was spent on work is not counted", async () => {
  const clock = new HeldClock(realClock(1000), never);
  const since = clock.now();
  await Promise.all([clock.during(wall(60)), clock.during(wall(120))]);
  expect(clock.elapsed(since)).toBeLessThan(60_000);
  await new Promise<void>((resolve) => clock.after(20_000, resolve));
  expect(clock.elapsed(since)).toBeGreaterThanOrEqual(20_000);
});

test("without work it runs as the clock that it is made from", async () => {
  const clock = new HeldClock(realClock(1000), never);
  const since = clock.now();
  await new Promise<void>((resolve) => clock.after(20_000, resolve));
  expect(clock.elapsed(since)).toBeGreaterThanOrEqual(20_000);
});

test("a timer that was cancelled during work does not fire after it", async () => {
  const clock = new HeldClock(realClock(1000), never);
  const fired: string[] = [];
  const timer = clock.after(10_000, () => fired.push("cancelled"));
  await clock.during(wall(60));
  timer.cancel();
  await new Promise<void>((resolve) => clock.after(60_000, resolve));
  expect(fired).toEqual([]);
});

test("work that fails lets time go on", async () => {
  const clock = new HeldClock(realClock(1000), never);
  await expect(clock.during(Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  await new Promise<void>((resolve) => clock.after(1_000, resolve));
});

/** This process does nothing else meanwhile, as if another program had the processor. */
function stall(milliseconds: number): void {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

describe("while this process does not come to its turn", () => {
  let stalls: Stalls;
  beforeEach(() => {
    stalls = new Stalls(10);
  });
  afterEach(() => stalls.stop());

  test("no time passes, so that what was begun before is done before a timer fires", async () => {
    const clock = new HeldClock(realClock(1000), stalls);
    const order: string[] = [];
    const minute = new Promise<void>((resolve) => {
      clock.after(60_000, () => {
        order.push("a minute");
        resolve();
      });
    });
    // As an agent: it is started, takes a second, and asks.
    clock.after(1_000, () => {
      clock.after(1_000, () => clock.during(wall(20)).then(() => order.push("the work that began after seconds")));
    });
    stall(100);
    await minute;
    expect(order).toEqual(["the work that began after seconds", "a minute"]);
  });

  test.each([
    { name: "before the work", span: { from: 0, to: 20 }, passed: 50 },
    { name: "within the work", span: { from: 40, to: 80 }, passed: 70 },
    { name: "across the work's end", span: { from: 80, to: 110 }, passed: 50 },
  ])("a stall $name is taken off once", async ({ span, passed }) => {
    let at = 30;
    const base = { now: () => new Date(at), elapsed: (since: Date) => at - since.getTime(), after: realClock().after };
    const clock = new HeldClock(base, { since: (moment) => (span.to > moment ? [span] : []) });
    const work = Promise.withResolvers<void>();
    const done = clock.during(work.promise);
    at = 90;
    work.resolve();
    await done;
    await wall(40);
    // The work took from 30 to 90.
    at = 130;
    expect(clock.elapsed(new Date(0))).toBe(passed);
  });
});

test("many short pieces of work in one turn are one stall", () => {
  let now = 0;
  const stalls = new Stalls(10, () => now);
  const seen = [4, 8, 12, 16].map((moment) => {
    now = moment;
    return stalls.since(0);
  });
  expect(seen).toEqual([[], [], [{ from: 5, to: 12 }], [{ from: 5, to: 16 }]]);
  expect(stalls.since(16)).toEqual([]);
  stalls.stop();
});

test("a stall is remembered when the process has come to its turn", async () => {
  const stalls = new Stalls(10);
  const before = Date.now();
  stall(50);
  await wall(20);
  stall(50);
  await wall(20);
  const took = stalls.since(before).reduce((sum, { from, to }) => sum + to - from, 0);
  expect(took).toBeGreaterThanOrEqual(80);
  expect(stalls.since(Date.now())).toEqual([]);
  stalls.stop();
});
