import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { faultSchema, parseFault } from "./faults.ts";

const GUIDE = join(import.meta.dirname, "../../../docs/guide");

/** Kinds that need nothing but themselves, or a cluster: the guide says so in words. */
const SIMPLE = ["restart-rancher", "stale-rancher"];

describe.each(["en", "zh-CN"])("what the guide (%s) says of faults", (language) => {
  const text = readFileSync(join(GUIDE, language, "try-it.md"), "utf8");
  const block = /```yaml\n((?:- \{ kind: .*\n)+)```/.exec(text)?.[1] ?? "";
  const shown: readonly { readonly kind: string }[] = parse(block);

  it("is what the sandbox takes", () => {
    for (const fault of shown) expect(parseFault(fault)).toMatchObject(fault);
  });

  it("leaves out none that needs more than a cluster", () => {
    const kinds = faultSchema.options.map(({ shape }) => [...shape.kind.values][0] ?? "");
    const unsaid = kinds.filter((kind) => !shown.some((fault) => fault.kind === kind));
    for (const kind of unsaid) {
      expect(parseFault(SIMPLE.includes(kind) ? { kind } : { kind, cluster: "paris" })).toMatchObject({ kind });
      expect(text).toContain(`\`${kind}\``);
    }
  });
});

describe("a fault that is none", () => {
  const rows: [string, unknown, RegExp][] = [
    ["of an unknown kind", { kind: "meteor" }, /^The fault is not valid: kind: must be one of offline, disconnect, /],
    [
      "with all that is wrong with it",
      { kind: "token-expires", seconds: 60 },
      /: minutes: must be a number; the fault: there is no setting "seconds"\.$/,
    ],
    ["that is a word", "offline", /: the fault: must be settings by name\.$/],
  ];
  it.each(rows)("%s", (_, fault, says) => {
    expect(() => parseFault(fault)).toThrow(says);
  });
});
