import { describe, expect, test } from "vitest";
import { applyJsonPatch } from "./json-patch.ts";
import { frozen } from "./json-value.ts";
import { applyMergePatch } from "./merge-patch.ts";

const target = frozen({ spec: { pin: "old", list: ["a", "b", "c"], "with/slash": 1, "with~tilde": 2 } });

const rows: readonly { name: string; patch: unknown; after: object }[] = [
  { name: "adds a field", patch: [{ op: "add", path: "/spec/next", value: 1 }], after: { ...target.spec, next: 1 } },
  {
    name: "adds into a list and at its end",
    patch: [
      { op: "add", path: "/spec/list/1", value: "x" },
      { op: "add", path: "/spec/list/-", value: "z" },
    ],
    after: { ...target.spec, list: ["a", "x", "b", "c", "z"] },
  },
  {
    name: "replaces where a test holds",
    patch: [
      { op: "test", path: "/spec/pin", value: "old" },
      { op: "replace", path: "/spec/pin", value: "new" },
    ],
    after: { ...target.spec, pin: "new" },
  },
  {
    name: "removes from a list",
    patch: [{ op: "remove", path: "/spec/list/0" }],
    after: { ...target.spec, list: ["b", "c"] },
  },
  {
    name: "reads escaped slashes and tildes",
    patch: [
      { op: "replace", path: "/spec/with~1slash", value: 3 },
      { op: "replace", path: "/spec/with~0tilde", value: 4 },
    ],
    after: { ...target.spec, "with/slash": 3, "with~tilde": 4 },
  },
  {
    name: "copies and moves",
    patch: [
      { op: "copy", from: "/spec/pin", path: "/spec/was" },
      { op: "move", from: "/spec/pin", path: "/spec/now" },
    ],
    after: { list: ["a", "b", "c"], "with/slash": 1, "with~tilde": 2, was: "old", now: "old" },
  },
  {
    name: "takes a missing value for null in a test",
    patch: [{ op: "test", path: "/spec/no", value: null }],
    after: target.spec,
  },
];

const refusals: readonly { name: string; patch: unknown; status: number }[] = [
  { name: "an object", patch: {}, status: 400 },
  { name: "an operation without a path", patch: [{ op: "add" }], status: 400 },
  { name: "a failed test", patch: [{ op: "test", path: "/spec/pin", value: "other" }], status: 422 },
  { name: "removing what is not there", patch: [{ op: "remove", path: "/spec/none" }], status: 422 },
  { name: "replacing what is not there", patch: [{ op: "replace", path: "/spec/none", value: 1 }], status: 422 },
  { name: "adding under what is not there", patch: [{ op: "add", path: "/none/deep", value: 1 }], status: 422 },
  { name: "adding beyond the end of a list", patch: [{ op: "add", path: "/spec/list/9", value: 1 }], status: 422 },
  { name: "an unknown operation", patch: [{ op: "burn", path: "/spec" }], status: 422 },
];

describe("a JSON patch", () => {
  for (const { name, patch, after } of rows) {
    test(name, () => expect(applyJsonPatch(target, patch)).toEqual({ spec: after }));
  }
  for (const { name, patch, status } of refusals) {
    test(`refuses ${name}`, () => {
      expect(() => applyJsonPatch(target, patch)).toThrow(expect.objectContaining({ status }));
    });
  }
});

describe("a merge patch", () => {
  const merges: readonly { name: string; patch: unknown; after: unknown }[] = [
    { name: "changes a field and keeps the rest", patch: { pin: "new" }, after: { ...target.spec, pin: "new" } },
    {
      name: "removes a field by null",
      patch: { list: null, "with/slash": null, "with~tilde": null },
      after: { pin: "old" },
    },
    { name: "replaces lists as a whole", patch: { list: ["z"] }, after: { ...target.spec, list: ["z"] } },
    {
      name: "makes the maps that it needs",
      patch: { deep: { er: { a: 1, b: null } } },
      after: { ...target.spec, deep: { er: { a: 1 } } },
    },
  ];
  for (const { name, patch, after } of merges) {
    test(name, () => expect(applyMergePatch(target.spec, patch)).toEqual(after));
  }

  test("shares what it does not touch", () => {
    const patched = applyMergePatch(target.spec, { pin: "new" });
    expect(patched).toMatchObject({ pin: "new" });
    expect(Object(patched).list).toBe(target.spec.list);
  });
});
