/** Rancher 2.15.0, whose webhook denies Rancher its own setting: with another bundle it would never start again. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandLab, startCommandLab, TARGET } from "../helpers/command-lab.ts";
import { servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let lab: CommandLab;
let before: { readonly bundle: string; readonly written: string };
beforeAll(async () => {
  lab = await startCommandLab({ clusters: 1, rancher: { version: "2.15.0" } });
  before = { bundle: await servedBundle(lab.sandbox), written: await trustSecret(lab.sandbox) };
});
afterAll(() => lab?.stop());

describe("is found before anything is changed", () => {
  const commands: { name: string; args: string[] }[] = [
    { name: "check", args: ["check", ...TARGET] },
    { name: "check without a target", args: ["check"] },
    { name: "plan", args: ["plan", ...TARGET, "--out", "rotation"] },
  ];
  it.each(commands)("by $name, with what to upgrade to", async ({ args }) => {
    const { code, stdout }: Ended = await lab.farrier(args);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^error .*setting is read only {2}\[trust\.update-denied\]\n +Upgrade Rancher to 2\.15\.1/);
  });

  it("and nothing was written: no rotation, no Secret, no setting", async () => {
    expect(Object.keys(await lab.files()).filter((file) => file.startsWith("rotation"))).toEqual([]);
    expect(lab.writes).toEqual([]);
    expect(await trustSecret(lab.sandbox)).toBe(before.written);
    expect(await servedBundle(lab.sandbox)).toBe(before.bundle);
  });
});
