import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSnapshot } from "./etcd-snapshot.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-snapshot-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A database of so many blocks, and after it what etcd writes. */
function snapshot(blocks: number): Buffer {
  const database = Buffer.alloc(512 * blocks, "a page of the database ");
  return Buffer.concat([database, createHash("sha256").update(database).digest()]);
}

async function file(content: Uint8Array | string): Promise<string> {
  const path = join(folder, "snapshot");
  await writeFile(path, content);
  return path;
}

describe("a snapshot that etcd has written", () => {
  // A file is read in pieces of 64 KiB: the checksum may lie in the last one, or in two.
  const rows: [string, number][] = [
    ["of one block", 1],
    ["whose checksum begins a piece of the file", 128],
    ["whose checksum is in the middle of a piece", 200],
    ["of many pieces", 1024],
  ];
  it.each(rows)("%s is whole", async (_, blocks) => {
    expect(await checkSnapshot(await file(snapshot(blocks)))).toBe(512 * blocks + 32);
  });
});

describe("what is no whole snapshot is refused", () => {
  const whole = snapshot(130);
  const altered = Buffer.from(whole);
  altered[5] = 0;
  const otherSum = Buffer.from(whole);
  otherSum[whole.length - 1] = (whole.at(-1) ?? 0) ^ 1;
  const rows: [string, Uint8Array, string, RegExp][] = [
    ["nothing", Buffer.alloc(0), "input.file-empty", /snapshot is empty\.$/],
    ["one that was cut off within the database", whole.subarray(0, 512 * 100), "backup.incomplete", /cut off/],
    ["one that was cut off within the checksum", whole.subarray(0, -1), "backup.incomplete", /cut off/],
    ["one without the checksum", whole.subarray(0, -32), "backup.incomplete", /cut off/],
    ["one that goes on", Buffer.concat([whole, Buffer.alloc(1)]), "backup.incomplete", /cut off/],
    ["one with another byte at its beginning", altered, "backup.incomplete", /its checksum differs/],
    ["one with another checksum", otherSum, "backup.incomplete", /its checksum differs/],
    [
      "a later block in place of the checksum",
      whole.subarray(0, 512 * 9 + 32),
      "backup.incomplete",
      /checksum differs/,
    ],
    ["a zip of one", Buffer.from("PK\u0003\u0004the rest"), "input.needs-conversion", /is a zip archive/],
    ["a text", Buffer.from("PK is no zip"), "backup.incomplete", /cut off/],
  ];
  it.each(rows)("%s", async (_, content, code, message) => {
    await expect(checkSnapshot(await file(content))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("says how a zip is opened", async () => {
    const path = await file("PK\u0003\u0004");
    await expect(checkSnapshot(path)).rejects.toMatchObject({ hint: expect.stringContaining(`unzip ${path}`) });
  });

  it("a file that is not there, and a directory", async () => {
    await expect(checkSnapshot(join(folder, "none"))).rejects.toMatchObject({ code: "input.file-missing" });
    await expect(checkSnapshot(folder)).rejects.toMatchObject({ code: "input.file-unreadable" });
  });
});
