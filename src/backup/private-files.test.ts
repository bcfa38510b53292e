import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensurePrivateDirectory, unwritable, writePrivateFile } from "./private-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-private-"));
});
afterEach(() => rm(folder, { recursive: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe("a private file", () => {
  it("is its owner's alone, whatever was there before", async () => {
    const path = join(folder, "plan.json");
    await writePrivateFile(path, "first");
    expect(await modeOf(path)).toBe("600");
    await chmod(path, 0o644);
    await writePrivateFile(path, Buffer.from("second"));
    expect([await readFile(path, "utf8"), await modeOf(path)]).toEqual(["second", "600"]);
  });

  it("is alone in its directory: no draft stays", async () => {
    await writePrivateFile(join(folder, "plan.json"), "content");
    expect(await readdir(folder)).toEqual(["plan.json"]);
  });

  it("that cannot take the place of what is there leaves that, and no draft", async () => {
    const path = join(folder, "plan.json");
    await mkdir(join(path, "somebody's"), { recursive: true });
    await expect(writePrivateFile(path, "content")).rejects.toMatchObject({ code: "rotation.unwritable" });
    expect([await readdir(folder), await readdir(path)]).toEqual([["plan.json"], ["somebody's"]]);
  });

  it("whose directory is not there is refused with the system's own word", async () => {
    const path = join(folder, "none/plan.json");
    await expect(writePrivateFile(path, "content")).rejects.toMatchObject({
      code: "rotation.unwritable",
      message: `${path} cannot be written (ENOENT).`,
    });
  });
});

describe("a private directory", () => {
  it("is its owner's alone, with those above it that are made for it", async () => {
    const path = join(folder, "config/farrier");
    await ensurePrivateDirectory(path);
    expect([await modeOf(path), await modeOf(join(folder, "config"))]).toEqual(["700", "700"]);
  });

  it("that is there stays as it is: others may use it as well", async () => {
    await chmod(folder, 0o755);
    await ensurePrivateDirectory(folder);
    expect(await modeOf(folder)).toBe("755");
  });

  it("cannot be where a file is", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    await expect(ensurePrivateDirectory(path)).rejects.toMatchObject({ code: "rotation.unwritable" });
  });
});

it("names no reason where the system gave none", () => {
  expect(unwritable("/x", new Error("odd")).message).toBe("/x cannot be written.");
});
