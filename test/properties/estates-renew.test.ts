/**
 * Random estates, random faults, agents that restart whenever they like, and a process that is killed anywhere: the
 * renewal of the certificate goes forth to its end, or says what holds it.
 */
import { expect, test } from "vitest";
import { failuresForth, timeOf } from "./estates/goes-forth.ts";

test(
  "a renewal of the certificate keeps its invariants, whatever happens to the estate and to the process",
  async () => {
    const failures = await failuresForth("renew");
    expect(failures.join("\n\n")).toBe("");
  },
  timeOf("renew"),
);
