import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { generatedDocuments } from "../../scripts/documents.ts";
import { COMMANDS } from "../../src/cli/commands.ts";

describe("documents that are made from the code are current (npm run documents writes them)", () => {
  test.each(generatedDocuments())("$path", ({ path, content }) => {
    expect(readFileSync(path, "utf8")).toBe(content);
  });
});

describe("what the documents promise exists", () => {
  const markdown = [
    "README.md",
    "README.zh-CN.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
  ];

  test.each(markdown)("every relative link of %s leads to a file", (file) => {
    const links = [...readFileSync(file, "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });

  test.each(["README.md", "README.zh-CN.md"])("every farrier command that %s shows is a command", (file) => {
    const shown = [...readFileSync(file, "utf8").matchAll(/(?:^|`)farrier ([a-z]+)/gm)].map((match) => match[1] ?? "");
    const known = new Set(COMMANDS.map((entry) => entry.group ?? entry.usage.split(" ")[0]));
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.filter((name) => !known.has(name))).toEqual([]);
  });

  test("every npm script that CONTRIBUTING.md and README.md name is in package.json", () => {
    const scripts: unknown = JSON.parse(readFileSync("package.json", "utf8")).scripts;
    const text = readFileSync("CONTRIBUTING.md", "utf8") + readFileSync("README.md", "utf8");
    const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1] ?? "");
    expect(named.length).toBeGreaterThan(3);
    expect(Object.keys(scripts ?? {})).toEqual(expect.arrayContaining(named));
  });

  test("the folders that ARCHITECTURE.md names are there, and all of src is named", () => {
    const text = readFileSync("ARCHITECTURE.md", "utf8");
    const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.filter((folder) => !text.includes(`src/${folder.name}/`)).map((folder) => folder.name)).toEqual([]);
  });
});
