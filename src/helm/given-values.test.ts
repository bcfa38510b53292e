import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { GivenValues, type ValueChange, type Values } from "./given-values.ts";

const GIVEN: Values = {
  bootstrapPassword: "hunter2-hunter2",
  hostname: "rancher.example.test",
  ingress: { tls: { source: "rancher" }, extraAnnotations: { "a.b/c": "d" } },
  extraEnv: [{ name: "TOKEN", value: "t0p-secret" }],
};

describe("changing values", () => {
  const rows: { name: string; given: Values; change: ValueChange; becomes: Values }[] = [
    { name: "a new key", given: { a: 1 }, change: { path: "b", to: true }, becomes: { a: 1, b: true } },
    { name: "in the place where it was", given: { a: 1, b: 2 }, change: { path: "a", to: 3 }, becomes: { a: 3, b: 2 } },
    {
      name: "below maps that are not there yet",
      given: { a: 1 },
      change: { path: "ingress.tls.source", to: "secret" },
      becomes: { a: 1, ingress: { tls: { source: "secret" } } },
    },
    {
      name: "beside others of the same map",
      given: { ingress: { enabled: true, tls: { secretName: "mine" } } },
      change: { path: "ingress.tls.source", to: "secret" },
      becomes: { ingress: { enabled: true, tls: { secretName: "mine", source: "secret" } } },
    },
    {
      name: "taken away with the maps that it leaves empty",
      given: { a: 1, ingress: { tls: { source: "secret" } } },
      change: { path: "ingress.tls.source" },
      becomes: { a: 1 },
    },
    {
      name: "taken away from beside others",
      given: { ingress: { enabled: true, tls: { source: "secret" } } },
      change: { path: "ingress.tls.source" },
      becomes: { ingress: { enabled: true } },
    },
    { name: "an empty map stays", given: { a: {} }, change: { path: "b", to: 1 }, becomes: { a: {}, b: 1 } },
    { name: "false is a value", given: {}, change: { path: "privateCA", to: false }, becomes: { privateCA: false } },
    { name: "taking away what is not there", given: { a: 1 }, change: { path: "x.y" }, becomes: { a: 1 } },
  ];
  it.each(rows)("$name", ({ given, change, becomes }) => {
    const values = GivenValues.of(given);
    const changed = values.with([change]);
    expect(changed.reveal()).toBe(JSON.stringify(becomes));
    expect(changed.at(change.path)).toBe(change.to);
    expect(values.reveal()).toBe(JSON.stringify(given));
  });

  it("and changing them back gives the same bytes", () => {
    const values = GivenValues.of(GIVEN);
    const forth = values.with([
      { path: "privateCA", to: true },
      { path: "ingress.tls.source", to: "secret" },
    ]);
    expect([values.at("privateCA"), forth.at("privateCA")]).toEqual([undefined, true]);
    const back = forth.with([{ path: "privateCA" }, { path: "ingress.tls.source", to: "rancher" }]);
    expect(back.reveal()).toBe(JSON.stringify(GIVEN));
  });
});

describe("values", () => {
  it("are read by their path", () => {
    const values = GivenValues.of(GIVEN);
    expect(values.at("ingress.tls.source")).toBe("rancher");
    expect(values.at("ingress.tls.none")).toBeUndefined();
    expect(values.at("hostname.below")).toBeUndefined();
  });

  it("are equal in whatever order they were given", () => {
    const { hostname = "", ...others } = GIVEN;
    expect(GivenValues.of(GIVEN).equals(GivenValues.of({ ...others, hostname }))).toBe(true);
    expect(GivenValues.of(GIVEN).equals(GivenValues.of(others))).toBe(false);
  });

  it("are never printed by accident", () => {
    const values = GivenValues.of(GIVEN);
    for (const text of [`${values}`, JSON.stringify({ values }), inspect({ values }), inspect(values)]) {
      expect(text).toContain("[redacted]");
      expect(text).not.toMatch(/hunter2|t0p-secret/);
    }
  });
});

describe("values are taken out of a sentence", () => {
  const rows: [string, Values, string, string][] = [
    ["wherever they stand in it", { a: "hunter2" }, "x hunter2, hunter2y", "x [redacted], [redacted]y"],
    ["from maps and lists, at any depth", { a: [{ b: { c: ["t0p-secret"] } }] }, "is t0p-secret", "is [redacted]"],
    ["line by line, as a key is repeated", { a: "first\nsecond\r\nthird" }, "third second", "[redacted] [redacted]"],
    ["without the white space around them", { a: "  hunter2\t\n" }, "'hunter2'", "'[redacted]'"],
    ["numbers too", { a: 123456 }, "bad 123456", "bad [redacted]"],
    ["the longer first, where one begins the other", { a: "pass", b: "pass-word" }, "pass-word", "[redacted]"],
    [
      "the longer first, whatever white space the shorter has",
      { a: "pass         ", b: "pass-word" },
      "pass-word",
      "[redacted]",
    ],
    ["as Helm quotes them", { a: 'pa"ss\\word' }, 'invalid value "pa\\"ss\\\\word"', 'invalid value "[redacted]"'],
    ["as JSON for HTML writes them", { a: "<hunter&2>" }, "\\u003chunter\\u00262\\u003e", "[redacted]"],
    ["not words that are shorter than any secret", { a: "no", b: "abc", c: 443 }, "no abc 443", "no abc 443"],
    [
      "nor names of values, nor true, false and null",
      { hostname: true, a: null },
      "hostname true null",
      "hostname true null",
    ],
    ["and four characters are long enough", { a: "1234" }, "pin 1234", "pin [redacted]"],
  ];
  it.each(rows)("%s", (_, values, sentence, clean) => {
    expect(GivenValues.of(values).takenOutOf(sentence)).toBe(clean);
  });
});

describe("a path", () => {
  it("leads through maps alone", () => {
    const values = GivenValues.of({ list: ["a"], nothing: null, map: { "0": "b" } });
    expect([values.at("list.0"), values.at("nothing.x"), values.at("map.0")]).toEqual([undefined, undefined, "b"]);
  });

  it("through what is no map makes one in its place", () => {
    expect(
      GivenValues.of({ tls: ["a"] })
        .with([{ path: "tls.source", to: "secret" }])
        .reveal(),
    ).toBe('{"tls":{"source":"secret"}}');
  });

  it("to an empty map that is given is kept: it was not emptied by a removal", () => {
    expect(
      GivenValues.of({})
        .with([{ path: "a", to: {} }])
        .reveal(),
    ).toBe('{"a":{}}');
  });
});
