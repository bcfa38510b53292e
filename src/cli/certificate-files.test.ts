import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refuseOverwriting, writeCertificateFiles } from "./certificate-files.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "farrier-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const KEY = { name: "root.key", content: "key\n", secret: true };
const CERTIFICATE = { name: "root.crt", content: "certificate\n", secret: false };
const everything = (): string[] => readdirSync(folder, { recursive: true }).map(String).sort();
const mode = (name: string): number => statSync(join(folder, name)).mode & 0o777;

describe("the files of a CA", () => {
  it("are written into a folder that is made for them, a key for its owner alone", () => {
    const paths = writeCertificateFiles(join(folder, "a/b"), [KEY, CERTIFICATE]);
    expect(paths).toEqual([join(folder, "a/b/root.key"), join(folder, "a/b/root.crt")]);
    expect(everything()).toEqual(["a", "a/b", "a/b/root.crt", "a/b/root.key"]);
    expect(mode("a/b/root.key")).toBe(0o600);
    expect(mode("a/b/root.crt") & 0o600).toBe(0o600);
  });

  it("take the place of what was there, its permissions too", () => {
    writeFileSync(join(folder, "root.key"), "old", { mode: 0o644 });
    writeCertificateFiles(folder, [KEY]);
    expect(readFileSync(join(folder, "root.key"), "utf8")).toBe("key\n");
    expect(mode("root.key")).toBe(0o600);
  });

  const obstacles: [string, (folder: string) => void, string, string][] = [
    ["the folder is a file", (at) => writeFileSync(join(at, "ca"), "mine"), "ca", "ca/root.key"],
    ["the folder is below a file", (at) => writeFileSync(join(at, "file"), "mine"), "file/ca", "file/ca/root.key"],
    [
      "a folder has the file's name",
      (at) => mkdirSync(join(at, "ca/root.key"), { recursive: true }),
      "ca",
      "ca/root.key",
    ],
  ];
  it.each(obstacles)("are refused where %s, and nothing is left of them", (_, obstruct, out, named) => {
    obstruct(folder);
    const before = everything();
    let thrown: unknown;
    try {
      writeCertificateFiles(join(folder, out), [KEY, CERTIFICATE]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: "input.file-unwritable",
      exitCode: 2,
      message: `${join(folder, named)} cannot be written.`,
      hint: "Check the directory's permissions and the space on its disk.",
    });
    expect(everything()).toEqual(before);
  });
});

describe("what is there already", () => {
  const names = ["root.key", "root.crt", "cacerts.pem"];

  it("is not overwritten unasked, and all of it is named", () => {
    writeFileSync(join(folder, "cacerts.pem"), "");
    writeFileSync(join(folder, "root.key"), "");
    const refusal = expect.objectContaining({
      code: "input.file-exists",
      exitCode: 2,
      message: `${folder} already holds root.key, cacerts.pem.`,
    });
    expect(() => refuseOverwriting(folder, names, false)).toThrow(refusal);
    expect(() => refuseOverwriting(folder, names, true)).not.toThrow();
  });

  it("is no matter where it is something else, or nothing", () => {
    writeFileSync(join(folder, "other.pem"), "");
    expect(() => refuseOverwriting(folder, names, false)).not.toThrow();
    expect(() => refuseOverwriting(join(folder, "none"), names, false)).not.toThrow();
  });
});
