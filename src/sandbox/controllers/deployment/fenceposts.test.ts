import { describe, expect, test } from "vitest";
import { resolveFenceposts } from "./fenceposts.ts";

describe("the limits of a rolling update", () => {
  test.each([
    {
      name: "Rancher's agent: one more, none missing",
      limits: { maxSurge: 1, maxUnavailable: 0 },
      desired: 1,
      is: [1, 0],
    },
    { name: "the default of one replica: one more, none missing", limits: {}, desired: 1, is: [1, 0] },
    { name: "the default of four replicas: a quarter each", limits: {}, desired: 4, is: [1, 1] },
    {
      name: "surge rounds up, unavailable down",
      limits: { maxSurge: "30%", maxUnavailable: "30%" },
      desired: 5,
      is: [2, 1],
    },
    {
      name: "both zero would never move: one may be missing",
      limits: { maxSurge: 0, maxUnavailable: 0 },
      desired: 3,
      is: [0, 1],
    },
    { name: "both zero after rounding", limits: { maxSurge: "0%", maxUnavailable: "10%" }, desired: 3, is: [0, 1] },
    { name: "everything at once", limits: { maxSurge: "100%", maxUnavailable: "100%" }, desired: 3, is: [3, 3] },
    { name: "a number written as text", limits: { maxSurge: "2", maxUnavailable: 0 }, desired: 3, is: [2, 0] },
  ] as const)("$name", ({ limits, desired, is }) => {
    const { maxSurge, maxUnavailable } = resolveFenceposts(limits, desired);
    expect([maxSurge, maxUnavailable]).toEqual(is);
  });
});
