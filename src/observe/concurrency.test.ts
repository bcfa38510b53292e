import { describe, expect, it } from "vitest";
import { mapLimited } from "./concurrency.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the same done to many", () => {
  it("gives results in the order of the items, however they finish", async () => {
    const later = [30, 10, 20].map(() => Promise.withResolvers<string>());
    const all = mapLimited([0, 1, 2], 3, (index) => later[index]?.promise ?? Promise.reject(new Error("none")));
    for (const index of [2, 0, 1]) later[index]?.resolve(`result ${index}`);
    expect(await all).toEqual(["result 0", "result 1", "result 2"]);
  });

  it.each([
    [1, 1],
    [3, 3],
    [100, 10],
  ])("does %i at a time, and no more than there are", async (limit, most) => {
    let [now, seen] = [0, 0];
    await mapLimited(
      Array.from({ length: 10 }, (_, index) => index),
      limit,
      async () => {
        now += 1;
        seen = Math.max(seen, now);
        await tick();
        now -= 1;
      },
    );
    expect(seen).toBe(most);
  });

  it("begins no more after the first that fails, and tells its error", async () => {
    const begun: number[] = [];
    const all = mapLimited([0, 1, 2, 3, 4, 5], 2, async (index) => {
      begun.push(index);
      await tick();
      if (index === 1) throw new Error("no such cluster");
    });
    await expect(all).rejects.toThrow("no such cluster");
    await tick();
    await tick();
    expect(begun).not.toContain(4);
  });

  it("is nothing to do for none", async () => {
    expect(await mapLimited([], 5, () => Promise.reject(new Error("never")))).toEqual([]);
  });
});
