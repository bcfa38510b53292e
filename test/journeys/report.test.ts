/** What is left for others to read when a rotation is over: the report, the proof, and the check of the journal. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { reportSchema } from "../../src/report/report.ts";
import { leafOf, pinOfServed, servedBundle, setMinReadySeconds, versions } from "../helpers/estate-facts.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let journey: Journey;
let reported: Ended;
let journal: string;

beforeAll(async () => {
  journey = await startJourney({ clusters: 2 });
  await setMinReadySeconds(journey.sandbox.clusters);
  await journey.plan("rotation");
  const applied = await journey.farrier("apply", "rotation", "--yes");
  expect(applied.code).toBe(0);
  reported = await journey.farrier("report", "rotation", "-o", "json");
  journal = await file("journal.jsonl");
});

afterAll(() => journey?.stop());

const path = (name: string): string => join(journey.folder, "rotation", name);
const file = (name: string): Promise<string> => readFile(path(name), "utf8");

it("apply -o yaml is a stream of documents, the last of which says how it ended", async () => {
  const { code, stdout } = await journey.farrier("apply", "rotation", "-o", "yaml");
  expect(code).toBe(0);
  const documents = parseAllDocuments(stdout).map((document) => document.toJS());
  expect(documents).toEqual([{ type: "result", outcome: { kind: "already-finished" }, direction: "forward" }]);
});

describe("farrier report", () => {
  it("prints one object, which is report.json and fits its schema", async () => {
    expect(reported.code).toBe(0);
    const object = json(reported.stdout);
    expect(reportSchema.parse(object)).toEqual(object);
    expect(json(await file("report.json"))).toEqual(object);
  });

  it("tells what the estate itself shows", async () => {
    const report = reportSchema.parse(json(reported.stdout));
    expect(report).toMatchObject({ outcome: "finished", procedure: "overlap" });
    expect(report.now.pin).toBe(pinOfServed(await servedBundle(journey.sandbox)));
    expect(report.now.epoch).toBe("target");
    expect(report.now.presented[0]?.fingerprint).toBe(leafOf(journey.target.certificate));
    const agents = report.consumers.filter(({ kind }) => kind === "cluster-agent");
    expect(agents.map(({ cluster }) => cluster).sort()).toEqual(
      journey.sandbox.clusters.map(({ name }) => name).sort(),
    );
    for (const { cells } of agents) {
      expect(cells.find(({ epoch }) => epoch === "target")?.state).toBe("started");
    }
  });

  it("binds itself to the journal: its length and the hash of its last line", () => {
    const lines = journal.trimEnd().split("\n");
    const headHash = createHash("sha256")
      .update(lines.at(-1) ?? "")
      .digest("hex");
    expect(json(reported.stdout).journal).toEqual({ entries: lines.length, headHash });
  });

  it("makes a page that needs nothing from elsewhere", async () => {
    const html = await file("report.html");
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).toContain(journey.sandbox.serverUrl);
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed)\b|@import|url\(|\bsrc=|href="(?!#)/i);
  });

  it("tells the same in Markdown", async () => {
    const markdown = await file("report.md");
    for (const { name } of journey.sandbox.clusters) expect(markdown).toContain(name);
    expect(markdown).toContain(json(reported.stdout).journal.headHash);
    expect(markdown).toMatch(/^# /);
  });

  it("says which of its files cannot be written", async () => {
    await rename(path("report.md"), path("report.kept"));
    await mkdir(path("report.md"));
    const refused = await journey.farrier("report", "rotation");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/report\.md cannot be written.*\[rotation\.unwritable\]/);
    await rmdir(path("report.md"));
    await rename(path("report.kept"), path("report.md"));
  });

  it("changes nothing in the estate", async () => {
    const before = await versions(journey.sandbox);
    expect((await journey.farrier("report", "rotation")).code).toBe(0);
    expect(await versions(journey.sandbox)).toEqual(before);
  });
});

describe("farrier prove", () => {
  it("shows that every gating consumer has started with what is served", async () => {
    const proved = await journey.farrier("prove", "rotation", "-o", "json");
    expect(proved.code).toBe(0);
    expect(json(proved.stdout)).toMatchObject({ served: "target", proved: true });
    // The agents' own minReadySeconds is proof enough: nothing is waited for.
    expect(proved.stderr).toBe("");
    const table = await journey.farrier("prove", "rotation");
    for (const { name } of journey.sandbox.clusters) {
      expect(table.stdout).toMatch(new RegExp(`${name} .*cluster-agent.*started`));
    }
  });
});

describe("farrier report --verify", () => {
  const verify = (): Promise<Ended> => journey.farrier("report", "--verify", "rotation", "-o", "json");
  const replace = (text: string): Promise<void> => writeFile(join(journey.folder, "rotation/journal.jsonl"), text);

  it("finds the journal whole, with the head that the estate holds", async () => {
    const { code, stdout } = await verify();
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({ entries: journal.trimEnd().split("\n").length });
  });

  it.each([
    ["edited in one letter", (text: string) => text.replace("stage-entered", "stage-done"), 2, "journal.broken"],
    ["without a line in the middle", (text: string) => without(text, 5), 2, "journal.broken"],
    [
      "cut off at its end",
      (text: string) => `${text.trimEnd().split("\n").slice(0, -2).join("\n")}\n`,
      1,
      "journal.head-differs",
    ],
    ["lost", () => "", 1, "journal.head-differs"],
  ])("refuses a journal that was %s", async (_, harm, code, error) => {
    await replace(harm(journal));
    const refused = await verify();
    await replace(journal);
    expect(refused.code).toBe(code);
    expect(json(refused.stdout)).toMatchObject({ type: "error", code: error });
  });
});

function without(text: string, line: number): string {
  return text
    .split("\n")
    .filter((_, index) => index !== line)
    .join("\n");
}

describe("what is asked of a rotation that is over is refused, and changes nothing", () => {
  const waiver = ["--by", "Ana", "--reason", "no power", "--until", "2099-01-01"];
  const rows: readonly (readonly [code: string, args: readonly string[]])[] = [
    ["rotation.finished", ["pause", "rotation"]],
    ["rotation.finished", ["waive", "rotation", "c-any", ...waiver]],
    ["journal.whole", ["adopt", "rotation", "--yes"]],
  ];
  it.each(rows)("%s: farrier %j", async (code, args) => {
    const [before, held, lay] = [
      await file("journal.jsonl"),
      await versions(journey.sandbox),
      await readdir(path(".")),
    ];
    const refused = await journey.farrier(...args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`[${code}]`);
    expect(await file("journal.jsonl")).toBe(before);
    expect(await versions(journey.sandbox)).toEqual(held);
    expect(await readdir(path("."))).toEqual(lay);
  });
});
