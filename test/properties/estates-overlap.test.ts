/**
 * Random estates of one cluster, random faults, agents that restart whenever they like, and a process that is killed anywhere: the
 * change of the CA goes forth to its end, or says what holds it.
 */
import { expect, test } from "vitest";
import { failuresForth, timeOf } from "./estates/goes-forth.ts";

test(
  "a change of the CA keeps its invariants, whatever happens to the estate and to the process",
  async () => {
    const failures = await failuresForth("overlap");
    expect(failures.join("\n\n")).toBe("");
  },
  timeOf("overlap"),
);
