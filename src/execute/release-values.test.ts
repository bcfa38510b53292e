import { describe, expect, test } from "vitest";
import { GivenValues, type Values } from "../helm/given-values.ts";
import type { PlannedValue } from "../plan/release.ts";
import { givenFor, hasValues } from "./release-values.ts";

/** What a rollback takes away again: in the beginning the chart's default held. */
const TAKEN: PlannedValue = { path: "privateCA", from: true, default: false };
const GIVEN: PlannedValue = { path: "privateCA", to: true, default: false };

function release(values: Values, defaults: Record<string, boolean> = { privateCA: false }) {
  const metadata = { name: "rancher", version: "2.15.1" };
  return { values: GivenValues.of(values), chart: { metadata, templates: [], files: [], values: defaults } };
}

describe("a planned change of a value", () => {
  const polluted = { privateCA: true };
  const rows: {
    name: string;
    values: Values;
    defaults?: Record<string, boolean>;
    change: PlannedValue;
    isSo: boolean;
    gives?: boolean;
  }[] = [
    { name: "taken away, and given still", values: { privateCA: true }, change: TAKEN, isSo: false },
    { name: "taken away, and gone", values: {}, change: TAKEN, isSo: true },
    { name: "taken away by giving the default, as by hand", values: { privateCA: false }, change: TAKEN, isSo: true },
    {
      name: "taken away, where --reuse-values has made it the stored chart's default",
      values: {},
      defaults: polluted,
      change: TAKEN,
      isSo: false,
      gives: false,
    },
    {
      name: "taken away by giving what the default was",
      values: { privateCA: false },
      defaults: polluted,
      change: TAKEN,
      isSo: true,
      gives: false,
    },
    { name: "given, and not yet so", values: {}, change: GIVEN, isSo: false, gives: true },
    { name: "given, and so", values: { privateCA: true }, change: GIVEN, isSo: true, gives: true },
  ];
  test.each(rows)("$name", ({ values, defaults, change, isSo, gives }) => {
    const found = release(values, defaults);
    expect(hasValues(found, [change])).toBe(isSo);
    expect(givenFor(found, [change])).toEqual([{ path: "privateCA", to: gives }]);
  });
});
