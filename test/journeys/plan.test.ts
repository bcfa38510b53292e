/** The plan as people and scripts get it: always the same for the same estate, and with what a sceptic would run. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { versions } from "../helpers/estate-facts.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let journey: Journey;
let first: Ended;
let table: Ended;
let manual: Ended;
let untouched: readonly string[];

beforeAll(async () => {
  journey = await startJourney({ clusters: 3 });
  untouched = await versions(journey.sandbox);
  first = await journey.plan("first", "-o", "json");
  [table, manual] = await Promise.all([journey.plan("second"), journey.plan("third", "--manual")]);
});

afterAll(() => journey?.stop());

/** The bytes of `plan.json` but for what is of that moment: its time, its id, its seal and the digests of what is sealed. */
async function lasting(directory: string): Promise<string> {
  const text = await readFile(join(journey.folder, directory, "plan.json"), "utf8");
  const plan = json(text);
  const moments = [
    plan.plannedAt,
    plan.rotation,
    plan.seal,
    plan.serving.current.sealed,
    plan.serving.target.sealed,
  ].flatMap((value) => (typeof value === "string" ? [value] : [value.file, value.sha256]));
  return moments.reduce((rest: string, moment: string) => rest.replaceAll(moment, "…"), text);
}

describe("farrier plan", () => {
  it("changes nothing in the estate", async () => {
    expect(await versions(journey.sandbox)).toEqual(untouched);
  });

  it("gives the same bytes for the same estate", async () => {
    const plan = await lasting("first");
    expect(plan.length).toBeGreaterThan(10_000);
    expect(await lasting("second")).toBe(plan);
    expect(await lasting("third")).toBe(plan);
  });

  it("says the same in its table as in its JSON", () => {
    const plan = json(first.stdout);
    for (const { id } of plan.stages) expect(table.stdout).toContain(`  ${id} `);
    for (const { id, name } of plan.clusters) expect(table.stdout).toMatch(new RegExp(`${id}\\s+${name}\\b`));
    for (const { pin } of plan.epochs) expect(table.stdout).toContain(pin.slice(0, 12));
    for (const sentence of [...plan.why, ...plan.pointsOfNoReturn]) {
      expect(table.stdout.replaceAll(/\s+/g, " ")).toContain(sentence);
    }
  });

  it("refuses a directory that holds a rotation, and leaves it", async () => {
    const before = await readFile(join(journey.folder, "first/plan.json"), "utf8");
    const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
    expect((await journey.farrier("plan", ...files, "--out", "first")).code).toBe(2);
    expect(await readFile(join(journey.folder, "first/plan.json"), "utf8")).toBe(before);
  });

  it("refuses to do without the key where Farrier writes the certificate, and leaves no directory", async () => {
    const files = ["--cert", "tls.crt", "--without-key", "--cacerts", "cacerts.pem"];
    const { code, stderr } = await journey.farrier("plan", ...files, "--out", "keyless");
    expect(code).toBe(2);
    expect(stderr).toContain("The target's key is needed");
    expect(existsSync(join(journey.folder, "keyless"))).toBe(false);
  });
});

describe("farrier plan --manual", () => {
  it("gives commands for every step, with the row of the manual procedure that it stands for", () => {
    const steps = json(first.stdout).stages.flatMap(({ waves }: { waves: { steps: unknown[] }[] }) =>
      waves.flatMap((wave) => wave.steps),
    );
    expect(steps.length).toBeGreaterThan(20);
    for (const { says, manual: byHand } of steps) {
      expect(manual.stdout).toContain(says);
      expect(byHand.commands.length).toBeGreaterThan(0);
    }
    const rows = new Set(manual.stdout.match(/\bM1\.\d+/g));
    for (const row of ["M1.1", "M1.3", "M1.7", "M1.8", "M1.11"]) expect(rows).toContain(row);
  });
});
