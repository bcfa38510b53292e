import { describe, expect, it } from "vitest";
import type { Comparison } from "../../plan/refresh/comparison.ts";
import { renderComparisons, renderLooks } from "./refresh.ts";

const CA: Comparison = {
  subject: "ca",
  where: "status.caCert",
  state: "stale",
  held: "0000000000000000",
  own: "1111111111111111",
  why: "another CA than the cluster's",
};
const MISSING: Comparison = {
  subject: "person-token",
  where: "Secret cattle-impersonation-system/a",
  state: "missing",
  held: "",
  own: "",
  why: "it holds no token yet",
};

describe("what Rancher holds, beside what the cluster has", () => {
  it("is a row each, with a dash where there is nothing", () => {
    expect(
      renderComparisons([CA, MISSING])
        .split("\n")
        .map((line) => line.trimEnd()),
    ).toEqual([
      "  WHAT                 WHERE                                 STATE    HELD              THE CLUSTER'S     WHY",
      "  Rancher's CA for it  status.caCert                         stale    0000000000000000  1111111111111111  another CA than the cluster's",
      "  token for a person   Secret cattle-impersonation-system/a  missing  -                 -                 it holds no token yet",
      "",
    ]);
  });

  it("is said to be unknown where the cluster could not be asked", () => {
    expect(renderComparisons([])).toBe("  It could not be asked.\n");
  });
});

describe("a look at clusters", () => {
  const look = { comparisons: [], findings: [] };
  it("names each by its name and id, and by its id alone where that is its name", () => {
    const text = renderLooks([
      { ...look, id: "c-1", name: "paris" },
      { ...look, id: "c-2", name: "c-2" },
    ]);
    expect(text).toContain("paris (c-1)\n");
    expect(text).toContain("c-2\n");
    expect(text).not.toContain("c-2 (c-2)");
  });
});
