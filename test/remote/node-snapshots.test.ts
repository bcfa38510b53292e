/**
 * Compressed snapshots on a node that a real `sshd` leads to, judged by the node's own programs: whichever of them it has.
 * The archives are as Go's `archive/zip` writes them: lengths and checksums follow what they are of.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { snapshotsOnNode } from "../../src/remote/node-snapshots.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";

const NEEDED = ["sh", "head", "tail", "od", "tr", "wc", "sha256sum", "cut", "uname"];
const DEFLATED = 8;

function archiveOf(files: Readonly<Record<string, Buffer>>, method = DEFLATED): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = method === DEFLATED ? deflateRawSync(content) : content;
    const sums = Buffer.alloc(12);
    [crc32(content), packed.length, content.length].forEach((value, index) => {
      sums.writeUInt32LE(value, index * 4);
    });
    const head = Buffer.alloc(10);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 2);
    head.writeUInt16LE(method, 4);
    const lengths = Buffer.alloc(4);
    lengths.writeUInt16LE(name.length, 0);
    const local = Buffer.concat([
      Buffer.from("PK\u0003\u0004"),
      head,
      Buffer.alloc(12),
      lengths,
      Buffer.from(name),
      packed,
      Buffer.from("PK\u0007\u0008"),
      sums,
    ]);
    const place = Buffer.alloc(4);
    place.writeUInt32LE(offset, 0);
    directory.push(
      Buffer.concat([
        Buffer.from("PK\u0001\u0002\u0014\0"),
        head,
        sums,
        lengths,
        Buffer.alloc(10),
        place,
        Buffer.from(name),
      ]),
    );
    bodies.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, listed, Buffer.from("PK\u0005\u0006"), end]);
}

function withOtherByte(archive: Buffer): Buffer {
  const damaged = Buffer.from(archive);
  const middle = Math.floor(archive.length / 3);
  damaged[middle] = (damaged[middle] ?? 0) ^ 0xff;
  return damaged;
}

describe.skipIf(!sshInstalled())("a compressed snapshot (M2.2)", () => {
  let lab: SshLab;
  const database = randomBytes(100_000);
  const one = archiveOf({ "backup/snapshot": database });
  // RKE adds the state of the cluster.
  const two = archiveOf({
    "backup/snapshot": database,
    "backup/snapshot.rkestate": Buffer.from('{"desiredState":{}}'),
  });
  const stored = archiveOf({ snapshot: database }, 0);

  beforeAll(async () => {
    lab = await startSshLab();
  });
  afterAll(() => lab?.stop());

  /** A node with these programs and what the look itself needs, and no other. */
  async function nodeWith(programs: readonly string[]): Promise<void> {
    const bin = join(lab.folder, "bin");
    await rm(bin, { recursive: true, force: true });
    await mkdir(bin);
    for (const program of [...NEEDED, ...programs]) {
      const found = ["/usr/bin", "/bin"].map((folder) => join(folder, program)).find((path) => existsSync(path));
      if (found === undefined) throw new Error(`${program} is not installed`);
      await symlink(found, join(bin, program));
    }
    // A home without the profiles of this machine, which may name further programs.
    await lab.restartNode({ PATH: bin, HOME: bin });
  }

  async function stateOf(content: Buffer): Promise<string | undefined> {
    const directory = join(lab.folder, "snapshots");
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "before.zip"), content);
    const target = { host: "127.0.0.1", port: lab.port, user: lab.user, config: lab.config };
    const [found] = await snapshotsOnNode(target, { directory, name: "before" });
    return found?.state;
  }

  const has = (program: string): boolean => ["/usr/bin", "/bin"].some((folder) => existsSync(join(folder, program)));
  const all = { whole: "zip", "with another byte in it": "damaged", "cut off": "damaged" };
  const rows: [string, readonly string[], Buffer, Record<string, string>][] = [
    ["of one file, by unzip", ["unzip"], one, all],
    ["of two files, by unzip", ["unzip"], two, all],
    ["of one file, by python3", ["python3"], one, all],
    ["of two files, by python3", ["python3"], two, all],
    ["that was only stored, by python3", ["python3"], stored, all],
    ["of one file, by gzip", ["gzip"], one, all],
    ["of two files, by gzip, which reads the first", ["gzip"], two, all],
    ["that was only stored, which gzip cannot read", ["gzip"], stored, { ...all, "with another byte in it": "zip" }],
    ["on a node that has none of them", [], one, { ...all, "with another byte in it": "zip" }],
  ];
  for (const [name, programs, archive, states] of rows) {
    it.skipIf(!programs.every(has))(name, async () => {
      await nodeWith(programs);
      expect({
        whole: await stateOf(archive),
        "with another byte in it": await stateOf(withOtherByte(archive)),
        "cut off": await stateOf(archive.subarray(0, -100)),
      }).toEqual(states);
    });
  }
});
