import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inNewDirectory, refuseOccupied } from "./new-directory.ts";

let folder: string;
let directory: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-new-"));
  directory = join(folder, "rotation");
});
afterEach(() => rm(folder, { recursive: true }));

describe("a directory for a new rotation or backup", () => {
  it.each(["plan.json", "backup.json", "journal.jsonl"])("is refused where it holds a %s", async (name) => {
    await mkdir(directory);
    await writeFile(join(directory, name), "");
    expect(() => refuseOccupied(directory)).toThrow(
      expect.objectContaining({ code: "rotation.exists", message: expect.stringContaining(`already holds a ${name}`) }),
    );
  });

  it("is refused where what it holds is a link that leads nowhere", async () => {
    await mkdir(directory);
    await symlink("/nowhere/plan.json", join(directory, "plan.json"));
    expect(() => refuseOccupied(directory)).toThrow(expect.objectContaining({ code: "rotation.exists" }));
  });

  it("is refused where its folder of secrets is a link to somebody else's", async () => {
    await mkdir(directory);
    await symlink(folder, join(directory, "backups"));
    expect(() => refuseOccupied(directory)).toThrow(
      expect.objectContaining({ code: "rotation.unwritable", message: expect.stringContaining("symbolic link") }),
    );
  });

  it("may be there with other things in it, its folder of secrets too, or not at all", async () => {
    expect(() => refuseOccupied(directory)).not.toThrow();
    await mkdir(join(directory, "backups"), { recursive: true });
    await writeFile(join(directory, "notes.md"), "");
    expect(() => refuseOccupied(directory)).not.toThrow();
  });
});

describe("work in it that fails", () => {
  const fails = async (): Promise<never> => {
    await mkdir(join(directory, "backups"), { recursive: true });
    await writeFile(join(directory, "backups/rotation-key"), "");
    throw new Error("the disk is full");
  };

  it("leaves no directory where none was", async () => {
    await expect(inNewDirectory(directory, fails)).rejects.toThrow("the disk is full");
    expect(existsSync(directory)).toBe(false);
  });

  it("leaves a directory that was there as it was", async () => {
    await mkdir(directory);
    await writeFile(join(directory, "notes.md"), "");
    await expect(inNewDirectory(directory, fails)).rejects.toThrow("the disk is full");
    expect(await readdir(directory)).toEqual(["notes.md"]);
  });

  it("leaves a folder of secrets that was there, with what is in it", async () => {
    await mkdir(join(directory, "backups"), { recursive: true });
    await writeFile(join(directory, "backups/somebody's"), "");
    await expect(inNewDirectory(directory, fails)).rejects.toThrow("the disk is full");
    expect(await readdir(join(directory, "backups"))).toContain("somebody's");
  });

  it("leaves a link that leads nowhere: whose it is cannot be known", async () => {
    await symlink(join(folder, "elsewhere"), directory);
    await expect(inNewDirectory(directory, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await readdir(folder)).toEqual(["rotation"]);
  });
});

it("keeps what work that succeeds has made, and gives its result", async () => {
  const made = await inNewDirectory(directory, async () => {
    await mkdir(directory);
    return "made";
  });
  expect([made, existsSync(directory)]).toEqual(["made", true]);
});
