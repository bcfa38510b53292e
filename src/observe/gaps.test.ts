import { describe, expect, it } from "vitest";
import { FarrierError } from "../errors.ts";
import { Gaps } from "./gaps.ts";

describe("what could not be looked at", () => {
  it("is a gap with the reason, and something else stands for it", async () => {
    const gaps = new Gaps();
    const away = async (): Promise<string[]> => {
      throw new FarrierError("lock.held", "Somebody else works.");
    };
    expect(await gaps.look("c-1", away, [])).toEqual([]);
    expect(await gaps.look("c-2", async () => ["seen"], [])).toEqual(["seen"]);
    expect(gaps.found).toEqual([{ target: "c-1", why: "Somebody else works." }]);
  });

  it("is no gap where the program itself is at fault", async () => {
    const gaps = new Gaps();
    const wrong = async (): Promise<never> => {
      throw new TypeError("x is undefined");
    };
    await expect(gaps.look("c-1", wrong, undefined)).rejects.toThrow(TypeError);
    expect(gaps.found).toEqual([]);
  });
});
