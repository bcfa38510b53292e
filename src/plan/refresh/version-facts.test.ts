import { expect, test } from "vitest";
import { agentMakesToken, keepsCopies } from "./version-facts.ts";

test.each([
  ["v2.1.14", false, true],
  ["2.1", false, true],
  ["v2.10.3", true, false],
  ["v2.4.18", false, false],
  ["v2.5.17", false, false],
  ["v2.6.6", false, false],
  ["v2.6.7", true, false],
  ["v2.6-head", true, false],
  ["v2.15.1", true, false],
  ["v3.1.0", true, false],
  ["", true, false],
])("%s: its agents make their token: %s; it keeps copies of cluster objects: %s", (version, makes, copies) => {
  expect([agentMakesToken(version), keepsCopies(version)]).toEqual([makes, copies]);
});
