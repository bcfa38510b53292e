/** A rotation whose journal was lost on the way: what is left is refused, adopted, and gone on with. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, versions } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";

let journey: Journey;

beforeAll(async () => {
  journey = await startJourney({ clusters: 2 }, { rest: "until-resumed" });
  await journey.plan("rotation");
  expect((await journey.farrier("apply", "rotation", "--yes")).code).toBe(4);
  await rename(join(journey.folder, "rotation/journal.jsonl"), join(journey.folder, "lost"));
});

afterAll(() => journey?.stop());

it("apply refuses to begin anew where the estate has seen more, and names adopt", async () => {
  const before = await versions(journey.sandbox);
  const refused = await journey.farrier("apply", "rotation", "--yes");
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain("farrier adopt");
  expect(await versions(journey.sandbox)).toEqual(before);
});

it("adopt reads off the estate where the rotation stands", async () => {
  const adopted = await journey.farrier("adopt", "rotation", "--yes", "-o", "json");
  expect(adopted.code).toBe(0);
  expect(json(adopted.stdout).stagesDone).toEqual(expect.arrayContaining(["arm@both", "widen", "switch"]));
});

it("a journal that is whole is not given up", async () => {
  const again = await journey.farrier("adopt", "rotation", "--yes");
  expect(again.code).toBe(2);
  expect(again.stderr).toContain("[journal.whole]");
});

it("of one that was cut off it says where it is kept, and where the rotation stands", async () => {
  const path = join(journey.folder, "rotation/journal.jsonl");
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  await writeFile(path, `${lines.slice(0, -2).join("\n")}\n`);
  const adopted = await journey.farrier("adopt", "rotation", "--yes");
  expect(adopted.code).toBe(0);
  expect(adopted.stdout).toMatch(
    /^Adopted: the rotation stands after \S+\. What was left .* journal-lost-1\.jsonl now\./,
  );
});

it("and the rotation goes on to its end, with nobody cut off", async () => {
  const resting = await journey.farrier("apply", "rotation", "-o", "json");
  const done = resting.code === 4 ? await journey.farrier("resume", "rotation", "-o", "json") : resting;
  expect(done.code).toBe(0);
  expect(jsonLines(done.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
  const pin = pinOfServed(journey.authority.bundle.trim());
  expect(pinOfServed(await servedBundle(journey.sandbox))).toBe(pin);
  expect(await presentedLeaves(journey.sandbox)).toEqual([leafOf(journey.target.certificate)]);
  for (const agent of Object.values(await agents(journey.sandbox))) {
    expect(agent.pin).toBe(pin);
    expect(new Set(agent.pods)).toEqual(new Set([pin]));
    expect(agent.minReadySeconds).toBe(0);
  }
  expect(journey.sandbox.statistics().refusals).toEqual([]);
});
