/** One rotation at a time, whoever works on it and from where: by its commands. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leafOf, presentedLeaves, versions } from "../helpers/estate-facts.ts";
import { entry, type Journey, json, jsonLines, type Started, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let journey: Journey;
let holder: Started;
let stoppedAt: number;

/** A holder trusts its lock for so long; whoever sleeps longer has to look again. */
const LOCK_IS_FRESH_MS = 5_000;

beforeAll(async () => {
  journey = await startJourney({ clusters: 2, speed: 100 });
  await journey.configure({ waves: { size: 1 } });
  await journey.plan("rotation");
  await journey.plan("another");
  holder = journey.start("apply", "rotation", "--yes", "-o", "json");
  await holder.line(entry("stage-done", "backup"));
  // As a laptop whose lid is closed.
  holder.process.kill("SIGSTOP");
  stoppedAt = Date.now();
  await cp(join(journey.folder, "rotation"), join(journey.folder, "copy"), { recursive: true });
});

afterAll(() => journey?.stop());

const holderName = (): string => `process ${holder.process.pid} on`;

describe("while a process holds the estate", () => {
  it.each([
    ["the same directory", "rotation"],
    ["a copied directory", "copy"],
    ["another rotation of the same estate", "another"],
  ])("apply from %s is refused with exit 6, names it, and writes nothing", async (_, directory) => {
    const before = await versions(journey.sandbox);
    const refused = await journey.farrier("apply", directory, "--yes", "-o", "json");
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain(holderName());
    expect(jsonLines(refused.stdout)).toEqual([expect.objectContaining({ type: "error", code: "lock.held" })]);
    expect(await versions(journey.sandbox)).toEqual(before);
  });

  it("rollback is refused, too", async () => {
    const refused = await journey.farrier("rollback", "copy", "--yes");
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining(holderName()) });
  });

  it("status can still be looked at", async () => {
    const looked = await journey.farrier("status", "rotation", "-o", "json");
    expect(looked.code).toBe(0);
    expect(json(looked.stdout).holder).toContain(String(holder.process.pid));
  });
});

describe("--take-over, while the holder sleeps", () => {
  let taken: Ended;
  let woken: Ended;
  let taker: number | undefined;
  let between: readonly string[];

  beforeAll(async () => {
    const started = journey.start("apply", "copy", "--take-over", "-o", "json");
    taker = started.process.pid;
    taken = await started.ended;
    await journey.sandbox.waitUntil(() => Date.now() - stoppedAt > LOCK_IS_FRESH_MS);
    between = await versions(journey.sandbox);
    holder.process.kill("SIGCONT");
    woken = await holder.ended;
  });

  it("goes on where the journal ends, to the end", async () => {
    expect(taken.code).toBe(0);
    const lines = jsonLines(taken.stdout);
    expect(lines[0]).toMatchObject({ type: "continued", data: { how: "taken-over" } });
    expect(lines.at(-1)).toMatchObject({ outcome: { kind: "finished" } });
    expect(await presentedLeaves(journey.sandbox)).toEqual([leafOf(journey.target.certificate)]);
  });

  it("makes the sleeper end with exit 6 before its next write, naming who took over", async () => {
    expect(woken.code).toBe(6);
    expect(woken.stderr).toContain(`process ${taker} on`);
    expect(await versions(journey.sandbox)).toEqual(between);
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("leaves the sleeper's directory behind: it is refused from now on", async () => {
    const refused = await journey.farrier("apply", "rotation", "--yes");
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain(`process ${taker} on`);
  });
});

describe("a journal that was cut off", () => {
  it("is refused with exit 6, naming who wrote what is missing", async () => {
    const path = join(journey.folder, "copy/journal.jsonl");
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    await writeFile(path, `${lines.slice(0, -3).join("\n")}\n`);
    const refused = await journey.farrier("apply", "copy", "--yes");
    expect(refused.code).toBe(6);
    expect(refused.stderr).toMatch(
      new RegExp(`has seen ${lines.length} entries.*process \\d+ on.*has ${lines.length - 3}`),
    );
  });
});
