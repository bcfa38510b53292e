import { describe, expect, it } from "vitest";
import { FarrierError } from "../errors.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { retrying } from "./retry.ts";

type Kind = ApiError["kind"];

const answer = (kind: Kind, retryAfterMs?: number): ApiError =>
  new ApiError("Rancher answered otherwise", {
    kind,
    code: kind === "conflict" ? "api.conflict" : "api.unreachable",
    status: 0,
    reason: "Otherwise",
    server: "Rancher",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

/** Fails with each of these, one after the other, and then works. */
function work(...failures: readonly unknown[]): { (): Promise<string>; attempts: number } {
  const attempt = async (): Promise<string> => {
    const failure = failures[attempt.attempts++];
    if (failure !== undefined) throw failure;
    return "done";
  };
  attempt.attempts = 0;
  return attempt;
}

/** Milliseconds that it took. */
async function timed(waiting: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await waiting;
  return performance.now() - begun;
}

describe("what failed", () => {
  const rows: [string, unknown, "again" | "given up"][] = [
    ["for a passing reason is tried again", answer("transient"), "again"],
    ["because somebody else wrote at the same time is tried again", answer("conflict"), "again"],
    ["for good is given up", answer("permanent"), "given up"],
    ["because what was waited for did not come is given up", answer("deadline"), "given up"],
    ["by a word of our own is given up", new FarrierError("lock.held", "Somebody else works."), "given up"],
    ["by a fault of the program is given up", new TypeError("x is undefined"), "given up"],
  ];
  it.each(rows)("%s", async (_, failure, expected) => {
    const once = work(failure);
    const ended = retrying(once, { deadlineMs: 5_000 });
    if (expected === "again") await expect(ended).resolves.toBe("done");
    else await expect(ended).rejects.toBe(failure);
    expect(once.attempts).toBe(expected === "again" ? 2 : 1);
  });
});

describe("the pause before another attempt", () => {
  it("is an eighth to a quarter of a second, and then twice that", async () => {
    const [once, twice] = [work(answer("transient")), work(answer("transient"), answer("transient"))];
    expect(await timed(retrying(once, { deadlineMs: 5_000 }))).toBeGreaterThanOrEqual(124);
    expect(await timed(retrying(twice, { deadlineMs: 5_000 }))).toBeGreaterThanOrEqual(373);
  });

  it("is as long as the server has asked for", async () => {
    expect(await timed(retrying(work(answer("transient", 600)), { deadlineMs: 5_000 }))).toBeGreaterThanOrEqual(598);
  });

  it("is never begun when the time would be over after it", async () => {
    const failure = answer("transient", 60_000);
    const once = work(failure);
    expect(await timed(expect(retrying(once, { deadlineMs: 30_000 })).rejects.toBe(failure))).toBeLessThan(5_000);
    expect(once.attempts).toBe(1);
  });

  it("comes after the failure was told, with its number", async () => {
    const [first, second] = [answer("transient"), answer("conflict")];
    const told: unknown[] = [];
    const onRetry = async (attempt: number, error: unknown): Promise<void> => {
      told.push([attempt, error]);
    };
    await retrying(work(first, second), { deadlineMs: 5_000, onRetry });
    expect(told).toEqual([
      [1, first],
      [2, second],
    ]);
  });

  it("ends with the reason of whoever gives up meanwhile", async () => {
    const giveUp = new AbortController();
    const once = work(answer("transient", 20_000));
    const onRetry = async (): Promise<void> => {
      queueMicrotask(() => giveUp.abort(new Error("no longer wanted")));
    };
    const ended = retrying(once, { deadlineMs: 30_000, signal: giveUp.signal, onRetry });
    await expect(ended).rejects.toThrow("no longer wanted");
    expect(once.attempts).toBe(1);
  });
});

it("attempts nothing that nobody wants any more", async () => {
  const never = work();
  const given = AbortSignal.abort(new Error("no longer wanted"));
  await expect(retrying(never, { deadlineMs: 5_000, signal: given })).rejects.toThrow("no longer wanted");
  expect(never.attempts).toBe(0);
});
