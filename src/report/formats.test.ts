import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, NOW } from "../../test/helpers/estate-builder.ts";
import { BEGUN, entered, journalOf, type Line, stageDone, stateOf } from "../../test/helpers/journal-builder.ts";
import { estateOf, overlapPlan, PIN } from "../../test/helpers/plan-builder.ts";
import { renderHtml } from "./html.ts";
import { renderMarkdown } from "./markdown.ts";
import { buildReport, type Report } from "./report.ts";

const HOSTILE = `a|b\n# Owned <script>alert('x')</script><img src="https://evil.test/x"> [here](javascript:x) \`c\` **d** & "e"`;

function reportOf(name: string): Report {
  const clusters = [clusterWith("c-1", agentWith(PIN.current), { name })];
  const plan = overlapPlan(clusters);
  const lines: Line[] = [
    BEGUN,
    entered("backup"),
    stageDone("backup"),
    { type: "gate-passed", data: { stage: "widen", waived: [name] } },
    { type: "waived", data: { clusterId: "c-1", by: name, reason: name, until: "2027-01-31" } },
  ];
  const report = buildReport({
    plan,
    entries: journalOf(...lines),
    state: stateOf(...lines),
    headHash: "a".repeat(64),
    estate: { ...estateOf(clusters), gaps: [{ target: name, why: name }] },
    now: NOW,
  });
  const stranger = { subject: name, issuer: name, fingerprint: "f".repeat(64), ca: true };
  const certificate = { ...stranger, notBefore: NOW.toISOString(), notAfter: NOW.toISOString() };
  return {
    ...report,
    why: [name],
    estate: { ...report.estate, serverUrl: name, rancherVersion: name },
    remaining: [{ target: name, why: name }],
    now: { ...report.now, presented: [certificate] },
    consumers: report.consumers.map((row) => ({
      ...row,
      cells: row.cells.map((cell) => ({
        ...cell,
        evidence: [{ kind: "reported" as const, pin: PIN.current, at: NOW.toISOString(), source: name }],
      })),
    })),
    epochs: report.epochs.map((epoch) => ({ ...epoch, certificates: [certificate] })),
  };
}

const PLAIN = reportOf("paris");
const EVIL = reportOf(HOSTILE);

/** What a reader sees of a document without running it. */
function unescaped(html: string): string {
  return html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

describe.each([
  { format: "Markdown", render: renderMarkdown },
  { format: "HTML", render: renderHtml },
])("the report as $format", ({ render }) => {
  test("has the facts of the JSON", () => {
    const text = render(PLAIN);
    const facts = [
      PLAIN.rotation,
      PLAIN.procedure,
      PLAIN.journal.headHash,
      `${PLAIN.journal.entries} entries`,
      ...PLAIN.plans.map(({ digest }) => digest),
      ...PLAIN.epochs.map(({ pin }) => pin),
      ...PLAIN.stages.flatMap(({ id, says }) => [id, says]),
      ...PLAIN.consumers.flatMap(({ cluster, kind }) => [cluster, kind]),
      ...PLAIN.waivers.flatMap(({ by, until }) => [by, until]),
      ...PLAIN.gaps.map(({ target }) => target),
    ];
    expect(facts.length).toBeGreaterThan(30);
    expect(facts.filter((fact) => !text.includes(fact))).toEqual([]);
  });

  test("steers no terminal by a name from outside", () => {
    const text = render(reportOf("a\u001b[2J\u009b8m\u202eb"));
    expect(text).toContain("[2J");
    expect(text.match(/(?!\n)[\p{Cc}\u202a-\u202e]/gu)).toBeNull();
  });

  test("leaves out a part that has nothing in it", () => {
    const text = render({ ...PLAIN, waivers: [], gaps: [] });
    expect(text).not.toContain("Waivers");
    expect(text).not.toContain("What could not be looked at");
    expect(text).toContain("Who trusts what");
  });
});

describe("HTML", () => {
  test("names from outside make no element and end no attribute", () => {
    const [plain, evil] = [renderHtml(PLAIN), renderHtml(EVIL)].map((text) => text.match(/<[a-z/!][^>]*>/gi) ?? []);
    expect(evil?.map((tag) => tag.replace(/ title="[^"]*"/, ""))).toEqual(
      plain?.map((tag) => tag.replace(/ title="[^"]*"/, "")),
    );
    expect(unescaped(renderHtml(EVIL))).toContain(HOSTILE);
  });

  test("asks for nothing from outside and runs nothing", () => {
    const text = renderHtml(PLAIN);
    expect(text).not.toMatch(/<(script|link|img|iframe|object|embed|base|form)\b/i);
    expect(text).not.toMatch(/\b(src|href|srcset|action|on[a-z]+)\s*=/i);
    expect(text).not.toMatch(/@import|url\(/i);
  });

  test("says its language, and reads well in light and dark", () => {
    const text = renderHtml(PLAIN);
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toContain('<meta charset="utf-8">');
    expect(text).toContain("prefers-color-scheme: dark");
  });

  test.each([
    { outcome: "finished" as const, says: "Finished" },
    { outcome: "unfinished" as const, says: "Not finished" },
    { outcome: "rolled-back" as const, says: "Rolled back" },
  ])("says in words how it ended: $outcome", ({ outcome, says }) => {
    expect(renderHtml({ ...PLAIN, outcome })).toMatch(new RegExp(`<p class="outcome [a-z]+">${says}</p>`));
  });
});

describe("Markdown", () => {
  const evil = renderMarkdown(EVIL);

  test("names from outside are shown as they are: no element, link, code or emphasis", () => {
    expect(evil).not.toMatch(/<(?!br>)/);
    expect(evil).not.toMatch(/(?<!\\)\[here/);
    expect(evil).not.toMatch(/(?<!\\)`c\\?`/);
    expect(evil).not.toMatch(/(?<!\\)\*d/);
    expect(evil).toContain("&lt;script&gt;");
  });

  test("names from outside begin no line and no cell", () => {
    const shape = (text: string) =>
      text.split("\n").map((line) => (line.startsWith("|") ? line.split(/(?<!\\)\|/).length : line.slice(0, 2)));
    // The URL of the estate begins a line of its own; there the two differ as their first letters do.
    const [hostile, harmless] = [shape(evil), shape(renderMarkdown(PLAIN))];
    expect(hostile).toHaveLength(harmless.length);
    expect(hostile.filter((one, index) => one !== harmless[index])).toEqual(["a\\"]);
  });

  test("every row of a table has as many cells as its head", () => {
    const tables = evil.split("\n\n").filter((block) => block.startsWith("|"));
    expect(tables.length).toBeGreaterThanOrEqual(3);
    for (const block of tables) {
      expect(
        new Set(
          block
            .trimEnd()
            .split("\n")
            .map((line) => line.split(/(?<!\\)\|/).length),
        ).size,
      ).toBe(1);
    }
  });
});
