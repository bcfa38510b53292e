import { describe, expect, it } from "vitest";
import { agentTlsModeOf, settingOf } from "./settings.ts";

const setting = (fields: object) => settingOf({ metadata: { name: "cacerts" }, ...fields });

describe("a setting's value in effect", () => {
  const rows: [string, object, string][] = [
    ["is the one that was given", { value: "given", default: "usual" }, "given"],
    ["is the default where none was given", { value: "", default: "usual" }, "usual"],
    ["is the default where none is written at all", { default: "usual" }, "usual"],
    ["is empty where there is neither", {}, ""],
  ];
  it.each(rows)("%s", (_, fields, effective) => {
    expect(setting(fields)).toMatchObject({ effective });
  });

  it("comes with where it is set", () => {
    expect(setting({ value: "x", source: "env" })).toEqual({ value: "x", default: "", source: "env", effective: "x" });
  });

  it("is not read from an object of another kind", () => {
    expect(setting({ value: { nested: true } })).toBeUndefined();
  });
});

describe("how strictly agents verify Rancher", () => {
  const rows: [string, object, ReturnType<typeof agentTlsModeOf>][] = [
    ["an upgraded Rancher, whose default it is", { default: "system-store" }, "system-store"],
    ["a person's choice of the system's roots", { value: "system-store", default: "strict" }, "system-store"],
    ["a new Rancher", { default: "strict" }, "strict"],
    ["a person's choice of the bundle alone", { value: "strict", default: "system-store" }, "strict"],
    ["a word that nobody knows", { value: "lenient" }, "strict"],
  ];
  it.each(rows)("is told by the setting: %s", (_, fields, expected) => {
    expect(agentTlsModeOf(setting(fields))).toBe(expected);
  });

  it("is nobody's choice before Rancher 2.8.6, which has no such setting", () => {
    expect(agentTlsModeOf(undefined)).toBe("none");
  });
});
