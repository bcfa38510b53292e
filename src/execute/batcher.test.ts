import { describe, expect, it } from "vitest";
import { Batcher } from "./batcher.ts";

/** Work that is ended by hand, one call after the other. */
function handWork() {
  const calls: PromiseWithResolvers<void>[] = [];
  const begun: (() => void)[] = [];
  const work = (): Promise<void> => {
    const call = Promise.withResolvers<void>();
    calls.push(call);
    begun.shift()?.();
    return call.promise;
  };
  return {
    batcher: new Batcher(work),
    calls,
    /** Resolves when work is called the next time. */
    next: () => new Promise<void>((resolve) => begun.push(resolve)),
  };
}

describe("calls of a batcher", () => {
  it("that come together share one", async () => {
    const { batcher, calls, next } = handWork();
    const begun = next();
    const all = Promise.all([batcher.run(), batcher.run(), batcher.run()]);
    await begun;
    calls[0]?.resolve();
    await all;
    expect(calls).toHaveLength(1);
  });

  it("that come while one is under way wait for that, and share the next", async () => {
    const { batcher, calls, next } = handWork();
    const first = batcher.run();
    await next();
    const ended: string[] = [];
    const later = [batcher.run(), batcher.run()].map((run) => run.then(() => ended.push("later")));
    const begun = next();
    calls[0]?.resolve();
    await first;
    await begun;
    expect([calls.length, ended]).toEqual([2, []]);
    calls[1]?.resolve();
    await Promise.all(later);
    expect([calls.length, ended]).toEqual([2, ["later", "later"]]);
  });

  it("that fail fail for those who shared it, and for nobody after", async () => {
    const { batcher, calls, next } = handWork();
    const failed = [batcher.run(), batcher.run()].map((run) => expect(run).rejects.toThrow("conflict"));
    await next();
    const after = batcher.run();
    const begun = next();
    calls[0]?.reject(new Error("conflict"));
    await Promise.all(failed);
    await begun;
    calls[1]?.resolve();
    await expect(after).resolves.toBeUndefined();
  });

  it("that come one after the other are made one after the other", async () => {
    const { batcher, calls, next } = handWork();
    for (const index of [0, 1, 2]) {
      const run = batcher.run();
      await next();
      calls[index]?.resolve();
      await run;
    }
    expect(calls).toHaveLength(3);
  });
});

describe("a batcher that is idle", () => {
  it("has ended the one call that was under way", async () => {
    const { batcher, calls, next } = handWork();
    const run = batcher.run();
    await next();
    let idle = false;
    const waiting = batcher.idle().then(() => {
      idle = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(idle).toBe(false);
    calls[0]?.resolve();
    await Promise.all([run, waiting]);
  });

  it("has nothing under way, also nothing that waits for its turn", async () => {
    const { batcher, calls, next } = handWork();
    await batcher.idle();
    const first = expect(batcher.run()).rejects.toThrow("away");
    await next();
    const second = batcher.run();
    let idle = false;
    const waiting = batcher.idle().then(() => {
      idle = true;
    });
    const begun = next();
    calls[0]?.reject(new Error("away"));
    await first;
    await begun;
    expect(idle).toBe(false);
    calls[1]?.resolve();
    await second;
    await waiting;
    expect(idle).toBe(true);
  });
});
