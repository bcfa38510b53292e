import { describe, expect, test } from "vitest";
import { realClock } from "../clock.ts";
import { WorkQueue } from "./work-queue.ts";

/** Work that a test lets end when it likes, and a way to wait for its beginnings. */
function controlled() {
  const begun: string[] = [];
  const open: PromiseWithResolvers<void>[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const work = (key: string) => {
    begun.push(key);
    const end = Promise.withResolvers<void>();
    open.push(end);
    for (const each of waiting) if (begun.length >= each.count) each.resolve();
    return end.promise;
  };
  const untilBegun = (count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ count, resolve });
    if (begun.length >= count) resolve();
    return promise;
  };
  return { begun, open, work, untilBegun };
}

describe("a work queue", () => {
  test("does nothing before it is started, then everything that was added, each key once", async () => {
    const { begun, work, untilBegun, open } = controlled();
    const queue = new WorkQueue(realClock(), work);
    for (const key of ["a", "b", "a"]) queue.add(key);
    await Promise.resolve();
    expect(begun).toEqual([]);
    queue.start();
    await untilBegun(2);
    expect(begun).toEqual(["a", "b"]);
    for (const end of open) end.resolve();
    await queue.stop();
    expect(begun).toHaveLength(2);
  });

  test("works on a key again when it was added meanwhile, never twice at once", async () => {
    const { begun, work, untilBegun, open } = controlled();
    const queue = new WorkQueue(realClock(), work);
    queue.start();
    queue.add("a");
    await untilBegun(1);
    queue.add("a");
    queue.add("a");
    await Promise.resolve();
    expect(begun).toEqual(["a"]);
    open[0]?.resolve();
    await untilBegun(2);
    open[1]?.resolve();
    await queue.stop();
    expect(begun).toEqual(["a", "a"]);
  });

  test("tries again what failed", async () => {
    const { work, untilBegun, open } = controlled();
    const queue = new WorkQueue(realClock(100), work);
    queue.start();
    queue.add("a");
    await untilBegun(1);
    open[0]?.reject(new Error("conflict"));
    await untilBegun(2);
    open[1]?.resolve();
    await expect(queue.stop()).resolves.toBeUndefined();
  });

  test("keeps the earliest of several delays", async () => {
    const clock = realClock(100);
    const { work, untilBegun, open } = controlled();
    const queue = new WorkQueue(clock, work);
    queue.start();
    const added = new Date();
    for (const delay of [600_000, 20_000, 600_000]) queue.addAfter("a", delay);
    await untilBegun(1);
    expect(clock.elapsed(added)).toBeLessThan(600_000);
    open[0]?.resolve();
    await queue.stop();
  });

  test("when it is stopped waits for the work in hand and begins no other", async () => {
    const { begun, work, untilBegun, open } = controlled();
    const queue = new WorkQueue(realClock(), work);
    queue.start();
    queue.add("a");
    await untilBegun(1);
    queue.add("a");
    let isStopped = false;
    const stopping = queue.stop().then(() => {
      isStopped = true;
    });
    await Promise.resolve();
    expect(isStopped).toBe(false);
    open[0]?.resolve();
    await stopping;
    queue.add("b");
    expect(begun).toEqual(["a"]);
  });
});
