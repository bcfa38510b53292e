/** The way back by its command: from between switch and narrow, and from a rotation that was finished. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leafOf, presentedLeaves, trustSecret, versions } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

let journey: Journey;
let beginning: Record<string, unknown>;
let bundle: string;
let leaves: readonly string[];

beforeAll(async () => {
  // Unlike anything that Farrier would write, so that only the very bytes are the beginning.
  journey = await startJourney({ clusters: 2, tls: { bundle: "comment" } });
  beginning = await restingWorld(journey.sandbox);
  bundle = await trustSecret(journey.sandbox);
  leaves = await presentedLeaves(journey.sandbox);
});

afterAll(() => journey?.stop());

describe.each([
  ["after switch, while both authorities are trusted", "rest", { rest: "until-resumed" }, 4],
  ["after narrow, when all is finished", "end", {}, 0],
])("a rollback %s", (_, directory, settings, code) => {
  beforeAll(async () => {
    await journey.configure(settings);
    await journey.plan(directory);
    expect((await journey.farrier("apply", directory, "--yes")).code).toBe(code);
  });

  it("begins at an estate that presents the target", async () => {
    expect(await presentedLeaves(journey.sandbox)).toEqual([leafOf(journey.target.certificate)]);
  });

  it("without a person's yes changes nothing", async () => {
    const there = await versions(journey.sandbox);
    const refused = await journey.farrier("rollback", directory);
    expect(refused.code).toBe(2);
    expect(await versions(journey.sandbox)).toEqual(there);
    await expect(access(join(journey.folder, directory, "rollback-1.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("leads back to the world of the beginning, but for versions, times, identities of pods and tokens", async () => {
    const back = await journey.farrier("rollback", directory, "--yes", "-o", "json");
    expect(back.code).toBe(0);
    const result = { type: "result", outcome: { kind: "finished", worldChanged: true }, direction: "rollback" };
    expect(jsonLines(back.stdout).at(-1)).toEqual(result);
    expect(await trustSecret(journey.sandbox)).toBe(bundle);
    expect(await presentedLeaves(journey.sandbox)).toEqual(leaves);
    await expectWorld(journey.sandbox, beginning);
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("is the end of the rotation: status says so, and applying it writes nothing", async () => {
    const status = await journey.farrier("status", directory, "-o", "json");
    expect(json(status.stdout)).toMatchObject({ direction: "rollback", phase: "finished" });
    const again = await journey.farrier("apply", directory, "-o", "json");
    expect(again.code).toBe(0);
    expect(jsonLines(again.stdout)).toMatchObject([{ outcome: { kind: "already-finished" } }]);
  });
});

describe("a rollback of a rotation of which nothing was applied", () => {
  it("is refused: there is nothing to roll back", async () => {
    await journey.plan("untouched");
    const refused = await journey.farrier("rollback", "untouched", "--yes");
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining("nothing to roll back") });
  });
});
