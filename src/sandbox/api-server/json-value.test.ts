import { describe, expect, it } from "vitest";
import { frozen, sharing } from "./json-value.ts";

/** Keys in their order, too: what a client reads is what was written. */
const written = (value: unknown): string => JSON.stringify(frozen(value));

describe("what the store makes of a value", () => {
  const rows: [string, unknown, string][] = [
    ["an object", { b: 1, a: [true, null, "x"] }, '{"b":1,"a":[true,null,"x"]}'],
    ["keys in another order", { a: [true], b: 1 }, '{"a":[true],"b":1}'],
    ["a key without a value", { a: 1, b: undefined }, '{"a":1}'],
    ["an element without a value", [undefined, 1], "[null,1]"],
    ["nothing in an object, and nothing in a list", { none: {}, no: [] }, '{"none":{},"no":[]}'],
    ["nothing but keys without a value", { a: { b: undefined } }, '{"a":{}}'],
    ["a key that means something to the language", JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    ["keys that read like one when put together", { "a,b": 1, c: 2 }, '{"a,b":1,"c":2}'],
    ["the same, parted elsewhere", { a: 1, "b,c": 2 }, '{"a":1,"b,c":2}'],
    ["keys that are numbers", { x: 1, 10: 2, 9: 3 }, '{"9":3,"10":2,"x":1}'],
    ["text of any script", { name: "Größe 大小 \u{1f600}" }, '{"name":"Größe 大小 \u{1f600}"}'],
    ["text of none", { name: "" }, '{"name":""}'],
  ];
  it.each(rows)("%s", (_, value, json) => {
    expect(written(value)).toBe(json);
  });

  it("cannot be changed, at no depth", () => {
    const value = frozen({ metadata: { labels: { app: "rancher" } }, items: [{ a: 1 }] });
    expect(() => Object.assign(value.metadata.labels, { app: "other" })).toThrow(TypeError);
    expect(() => value.items.push({ a: 2 })).toThrow(TypeError);
  });

  it("leaves the value itself as it was", () => {
    const value = { labels: { app: "rancher" } };
    frozen(value);
    value.labels.app = "other";
    expect(value).toEqual({ labels: { app: "other" } });
  });

  it("does not touch what was made of another value with the same keys", () => {
    const first = frozen({ name: "one", data: { a: 1 } });
    frozen({ name: "two", data: { a: 2 } });
    expect(first).toEqual({ name: "one", data: { a: 1 } });
  });
});

describe("a changed object", () => {
  it("shares what is equal in both, and is the old one where all is", () => {
    const old = frozen({ spec: { replicas: 1 }, status: { ready: 0 } });
    const next = sharing(old, { spec: { replicas: 1 }, status: { ready: 1 } }) as typeof old;
    expect(next).toEqual({ spec: { replicas: 1 }, status: { ready: 1 } });
    expect(next.spec).toBe(old.spec);
    expect(sharing(old, { spec: { replicas: 1 }, status: { ready: 0 } })).toBe(old);
  });
});
