import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { generatedDocuments } from "../../scripts/documents.ts";
import { EXAMPLE_STEPS } from "../../scripts/step-documents.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { createProgram } from "../../src/cli/program.ts";
import { settingsSchema } from "../../src/cli/settings.ts";
import { stepKindSchema } from "../../src/plan/plan.ts";
import { faultSchema } from "../../src/sandbox/scenario/faults.ts";

describe("documents that are made from the code are current (npm run documents writes them)", () => {
  test.each(generatedDocuments())("$path", ({ path, content }) => {
    expect(readFileSync(path, "utf8")).toBe(content);
  });
});

const GUIDES = { en: "docs/guide/en", "zh-CN": "docs/guide/zh-CN" } as const;
const ENGLISH = readdirSync(GUIDES.en);
const GUIDE_PAGES = Object.values(GUIDES).flatMap((folder) => ENGLISH.map((page) => join(folder, page)));
const DECISIONS = readdirSync("docs/adr").filter((file) => /^\d{4}-/.test(file));

test("the page of steps describes every kind of step", () => {
  expect(EXAMPLE_STEPS.map(({ kind }) => kind).toSorted()).toEqual(stepKindSchema.options.toSorted());
});

describe("a row of the manual procedures", () => {
  const titles = [...filesBelow("src"), ...filesBelow("test")]
    .filter((file) => file.endsWith(".test.ts"))
    .flatMap((file) => [...readFileSync(file, "utf8").matchAll(/"[^"\n]*\(M[12]\.[^"\n]*"/g)].map(([title]) => title));
  const rows = (procedure: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${procedure}.${index + 1}`);

  test.each([...rows("M1", 12), ...rows("M2", 10)])("%s is named by a test that shows it", (row) => {
    expect(titles.filter((title) => new RegExp(`${row}\\b`).test(title))).not.toEqual([]);
  });
});

describe("a decision", () => {
  test.each(DECISIONS)("%s is short, and has a date and every part of its form", (file) => {
    const text = readFileSync(join("docs/adr", file), "utf8");
    expect(text).toMatch(new RegExp(`^# ${Number(file.slice(0, 4))}\\. .+\\n\\nDate: \\d{4}-\\d{2}-\\d{2}\\n`));
    expect(headings(text).slice(1)).toEqual(["## Status", "## Context", "## Decision", "## Consequences"]);
    expect(text.split("\n").length).toBeLessThanOrEqual(61);
  });

  test("has a number of its own, and is in the list", () => {
    expect(DECISIONS.map((file) => Number(file.slice(0, 4)))).toEqual(DECISIONS.map((_, index) => index + 1));
    const list = readFileSync("docs/adr/README.md", "utf8");
    expect(DECISIONS.filter((file) => !list.includes(`(${file})`))).toEqual([]);
  });
});

describe("the guide", () => {
  test("has the same pages in each language", () => {
    expect(readdirSync(GUIDES["zh-CN"])).toEqual(ENGLISH);
  });

  test.each(ENGLISH)("%s has the same headings, rows and commands in each language", (page) => {
    const [english, chinese] = Object.values(GUIDES).map((folder) => shapeOf(readFileSync(join(folder, page), "utf8")));
    expect(chinese).toEqual(english);
  });

  test.each(GUIDE_PAGES)("%s shows commands that exist, with flags that they have", (page) => {
    const wrong = shownCommands(readFileSync(page, "utf8")).flatMap(faultsOf);
    expect(wrong).toEqual([]);
  });

  test("is where commands are looked for", () => {
    const shown = GUIDE_PAGES.flatMap((page) => shownCommands(readFileSync(page, "utf8")));
    expect(shown.length).toBeGreaterThan(60);
    expect(faultsOf("farrier plann")).toEqual(["farrier plann: no such command"]);
    expect(faultsOf("farrier ca issue --hostnam x")).toEqual(["farrier ca issue --hostnam x: no flag --hostnam"]);
  });

  test.each(Object.values(GUIDES))("%s describes every setting and every fault of the sandbox", (folder) => {
    const settings = readFileSync(join(folder, "settings.md"), "utf8");
    expect(
      Object.keys(settingsSchema.shape).filter((name) => !new RegExp(`\\| \`${name}[.\`]`).test(settings)),
    ).toEqual([]);
    const waves = Object.keys(settingsSchema.shape.waves.unwrap().shape);
    expect(waves.filter((name) => !settings.includes(`\`waves.${name}\``))).toEqual([]);
    const faults = faultSchema.options.map(({ shape }) => shape.kind.value);
    const tryIt = readFileSync(join(folder, "try-it.md"), "utf8");
    expect(faults.filter((kind) => !tryIt.includes(`\`${kind}\``))).toEqual([]);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file));
}

function headings(text: string): string[] {
  return prose(text).filter((line) => /^#+ /.test(line));
}

const FENCED = /^ *```[\s\S]*?^ *```$/gm;

/** Lines outside of fenced blocks: a comment in a script is no heading. */
function prose(text: string): string[] {
  return text.replaceAll(FENCED, "").split("\n");
}

/** What translating leaves as it is: the levels of headings, rows of tables, fenced blocks. */
function shapeOf(text: string) {
  return {
    headings: headings(text).map((heading) => heading.indexOf(" ")),
    rows: prose(text).filter((line) => line.startsWith("|")).length,
    blocks: [...text.matchAll(FENCED)].map(([block]) => block),
  };
}

/** Command lines in fenced blocks and in code spans. */
function shownCommands(text: string): string[] {
  const blocks = [...text.matchAll(/^ *(?:\$ )?(farrier [^\n]+)$/gm)].map((match) => match[1] ?? "");
  const spans = [...text.matchAll(/`(farrier [^`\n]+)`/g)].map((match) => match[1] ?? "");
  return [...blocks, ...spans].flatMap((line) => line.split(/ && | \| /)).filter((line) => line.startsWith("farrier "));
}

/** Commands and flags of one line that Farrier does not have. */
function faultsOf(line: string): string[] {
  let command: Command = createProgram(() => undefined);
  for (const word of line.split(" ").slice(1)) {
    const next: Command | undefined = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  if (command.parent === null) return [`${line}: no such command`];
  const known = command.createHelp().visibleOptions(command);
  const flags = [...line.replaceAll(/"[^"]*"/g, "").matchAll(/ (--?[a-z][a-z-]*)/g)].map((match) => match[1] ?? "");
  return flags
    .filter((flag) => !known.some(({ long, short }) => flag === long || flag === short))
    .map((flag) => `${line}: no flag ${flag}`);
}

describe("what the documents promise exists", () => {
  const markdown = [
    "README.md",
    "README.zh-CN.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/steps.md",
    "docs/adr/README.md",
    ...DECISIONS.map((file) => join("docs/adr", file)),
    ...GUIDE_PAGES,
  ];

  test.each(markdown)("every relative link of %s leads to a file", (file) => {
    const links = [...readFileSync(file, "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(dirname(file), link)))).toEqual([]);
  });

  test.each(["README.md", "README.zh-CN.md"])("every farrier command that %s shows is a command", (file) => {
    const shown = [...readFileSync(file, "utf8").matchAll(/(?:^|`)farrier ([a-z][a-z-]*)/gm)].map(
      (match) => match[1] ?? "",
    );
    const known = new Set(COMMANDS.map((entry) => entry.group ?? entry.usage.split(" ")[0]));
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.filter((name) => !known.has(name))).toEqual([]);
  });

  test("every npm script that CONTRIBUTING.md and README.md name is in package.json", () => {
    const scripts: unknown = JSON.parse(readFileSync("package.json", "utf8")).scripts;
    const text = readFileSync("CONTRIBUTING.md", "utf8") + readFileSync("README.md", "utf8");
    const named = [...text.matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1] ?? "");
    expect(named.length).toBeGreaterThan(3);
    expect(Object.keys(scripts ?? {})).toEqual(expect.arrayContaining(named));
  });

  test("the folders that ARCHITECTURE.md names are there, and all of src is named", () => {
    const text = readFileSync("ARCHITECTURE.md", "utf8");
    const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.filter((folder) => !text.includes(`src/${folder.name}/`)).map((folder) => folder.name)).toEqual([]);
  });
});
