import { expect, test } from "vitest";
import { realClock } from "./clock.ts";
import { HeldClock } from "./held-clock.ts";

const wall = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a timer that would fire while work is awaited fires after it, once its time has passed", async () => {
  const clock = new HeldClock(realClock(1000));
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
  const clock = new HeldClock(realClock(1000));
  const since = clock.now();
  await Promise.all([clock.during(wall(60)), clock.during(wall(120))]);
  expect(clock.elapsed(since)).toBeLessThan(60_000);
  await new Promise<void>((resolve) => clock.after(20_000, resolve));
  expect(clock.elapsed(since)).toBeGreaterThanOrEqual(20_000);
});

test("without work it runs as the clock that it is made from", async () => {
  const clock = new HeldClock(realClock(1000));
  const since = clock.now();
  await new Promise<void>((resolve) => clock.after(20_000, resolve));
  expect(clock.elapsed(since)).toBeGreaterThanOrEqual(20_000);
});

test("a timer that was cancelled during work does not fire after it", async () => {
  const clock = new HeldClock(realClock(1000));
  const fired: string[] = [];
  const timer = clock.after(10_000, () => fired.push("cancelled"));
  await clock.during(wall(60));
  timer.cancel();
  await new Promise<void>((resolve) => clock.after(60_000, resolve));
  expect(fired).toEqual([]);
});

test("work that fails lets time go on", async () => {
  const clock = new HeldClock(realClock(1000));
  await expect(clock.during(Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  await new Promise<void>((resolve) => clock.after(1_000, resolve));
});
