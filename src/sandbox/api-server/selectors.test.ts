import { describe, expect, test } from "vitest";
import { fieldPredicate, labelPredicate } from "./selectors.ts";

const object = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "agent-1", namespace: "cattle-system", labels: { app: "agent", tier: "edge", "x.io/empty": "" } },
  status: { phase: "Running" },
};

const labels: readonly { selector: string | undefined; selects: boolean }[] = [
  { selector: undefined, selects: true },
  { selector: "", selects: true },
  { selector: "app=agent", selects: true },
  { selector: "app==agent", selects: true },
  { selector: "app=other", selects: false },
  { selector: "app!=other", selects: true },
  { selector: "missing!=x", selects: true },
  { selector: "app", selects: true },
  { selector: "missing", selects: false },
  { selector: "!missing", selects: true },
  { selector: "!app", selects: false },
  { selector: "app in (agent, other)", selects: true },
  { selector: "app in (other)", selects: false },
  { selector: "app notin (other)", selects: true },
  { selector: "missing notin (other)", selects: true },
  { selector: "missing in (other)", selects: false },
  { selector: "app=agent,tier in (edge,core),!gone", selects: true },
  { selector: "app=agent,tier=core", selects: false },
  { selector: "x.io/empty=", selects: true },
];

const fields: readonly { selector: string; selects: boolean }[] = [
  { selector: "metadata.name=agent-1", selects: true },
  { selector: "metadata.name!=agent-1", selects: false },
  { selector: "metadata.namespace=cattle-system,status.phase=Running", selects: true },
  { selector: "status.phase!=Running", selects: false },
  { selector: "status.phase==Running", selects: true },
];

describe("a label selector", () => {
  for (const { selector, selects } of labels) {
    test(`${selector} ${selects ? "selects" : "passes over"}`, () => {
      expect(labelPredicate(selector)(object)).toBe(selects);
    });
  }
  for (const selector of ["a in b", "=x", "a=b c", "a in (", "a>1x"]) {
    test(`${selector} is refused`, () => {
      expect(() => labelPredicate(selector)).toThrow(expect.objectContaining({ status: 400 }));
    });
  }
});

describe("a field selector", () => {
  for (const { selector, selects } of fields) {
    test(`${selector} ${selects ? "selects" : "passes over"}`, () => {
      expect(fieldPredicate(selector, ["status.phase"])(object)).toBe(selects);
    });
  }
  test("names only fields that the kind offers", () => {
    expect(() => fieldPredicate("spec.secret=x", ["status.phase"])).toThrow("field label not supported: spec.secret");
  });
  test("is refused without an operator", () => {
    expect(() => fieldPredicate("metadata.name")).toThrow("invalid selector");
  });
});
