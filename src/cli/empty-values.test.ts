import { describe, expect, it } from "vitest";
import { z } from "zod";
import { refuseEmptyValues } from "./empty-values.ts";
import { parseOutputFormat } from "./output.ts";
import { parseOptions } from "./parse-options.ts";

describe("a value that a script left empty", () => {
  const refused: [string, string[], Record<string, unknown>, string][] = [
    ["an argument", [""], {}, "An argument is empty."],
    ["the second of two", ["rotation", ""], {}, "An argument is empty."],
    ["a flag's value", ["rotation"], { yes: true, out: "" }, "The value of --out is empty."],
    ["that of a flag of several words", [], { clusterKubeconfig: "" }, "The value of --cluster-kubeconfig is empty."],
  ];
  it.each(refused)("is refused: %s", (_, words, options, message) => {
    expect(() => refuseEmptyValues(words, options)).toThrow(expect.objectContaining({ code: "input.usage", message }));
  });

  const taken: [string, string[], Record<string, unknown>][] = [
    ["nothing is empty", ["rotation"], { out: "x", yes: false, times: 0 }],
    ["a person's own words, which their command judges", ["c-1"], { by: "", reason: "", until: "" }],
    ["a flag without a value", [], { without: undefined }],
  ];
  it.each(taken)("is none where %s", (_, words, options) => {
    expect(() => refuseEmptyValues(words, options)).not.toThrow();
  });
});

describe("a flag whose value is not what it should be", () => {
  const schema = z.object({
    validDays: z.coerce.number("a number"),
    keyType: z.enum(["ecdsa", "rsa"]).default("ecdsa"),
  });

  it("is named as it is written, with what it should be", () => {
    expect(() => parseOptions(schema, { validDays: "many" })).toThrow(
      expect.objectContaining({ code: "input.invalid", message: "The value of --valid-days must be a number." }),
    );
  });

  const rows: [string, z.ZodType, unknown, string][] = [
    ["too small", z.coerce.number().int().min(1), "0", "at least 1"],
    ["too large", z.coerce.number().max(36_500), "99999", "at most 36500"],
    ["a fraction", z.coerce.number().int(), "3.5", "a whole number"],
    ["too long", z.string().max(64), "x".repeat(65), "at most 64 characters long"],
    ["none of those that there are", z.enum(["a", "b"]), "c", "one of a, b"],
  ];
  it.each(rows)("is told what it must be where it is %s", (_, value, said, must) => {
    expect(() => parseOptions(z.object({ value }), { value: said })).toThrow(`The value of --value must be ${must}.`);
  });

  it("is the first of several", () => {
    expect(() => parseOptions(schema, { validDays: "many", keyType: "dsa" })).toThrow(/^The value of --valid-days /);
  });

  it("is not one that was left out", () => {
    expect(parseOptions(schema, { validDays: "90" })).toEqual({ validDays: 90, keyType: "ecdsa" });
  });
});

describe("an output format", () => {
  it.each(["table", "json", "yaml"])("%s is known", (format) => {
    expect(parseOutputFormat(format)).toBe(format);
  });

  it.each(["JSON", "yml", "", "toString"])("%j is not, and the known ones are named", (format) => {
    expect(() => parseOutputFormat(format)).toThrow(
      expect.objectContaining({ code: "input.usage", hint: "Use one of table, json, yaml." }),
    );
  });
});
