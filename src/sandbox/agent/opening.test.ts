import { expect, test } from "vitest";
import { AT_ONCE, inTurn } from "./opening.ts";

test("so many connections are opened at once and no more, in the order in which they were asked for", async () => {
  const begun: { readonly number: number; readonly end: () => void }[] = [];
  const results = Array.from({ length: AT_ONCE + 3 }, (_, number) =>
    inTurn(() => new Promise<number>((resolve) => begun.push({ number, end: () => resolve(number) }))),
  );
  await Promise.resolve();
  expect(begun.map(({ number }) => number)).toEqual(Array.from({ length: AT_ONCE }, (_, number) => number));
  begun[5]?.end();
  expect(await results[5]).toBe(5);
  await expect.poll(() => begun.at(-1)?.number).toBe(AT_ONCE);
  for (let index = 0; index < results.length; index += 1) {
    await expect.poll(() => begun[index]).toBeDefined();
    begun[index]?.end();
  }
  expect(await Promise.all(results)).toEqual(Array.from({ length: AT_ONCE + 3 }, (_, number) => number));
});

test("one that fails lets the next one begin", async () => {
  const refused = Array.from({ length: AT_ONCE }, () => inTurn(() => Promise.reject(new Error("refused"))));
  const after = inTurn(() => Promise.resolve("open"));
  const settled = await Promise.allSettled(refused);
  expect(settled.map(({ status }) => status)).toEqual(Array.from({ length: AT_ONCE }, () => "rejected"));
  expect(await after).toBe("open");
});
