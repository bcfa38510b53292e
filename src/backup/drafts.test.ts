import { type ChildProcess, spawn } from "node:child_process";
import { watch } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Vault } from "./vault.ts";

let directory: string;
let vault: Vault;
let writer: ChildProcess | undefined;
const choice = () => ({ environment: { XDG_CONFIG_HOME: join(directory, "config") } });
const inBackups = async (): Promise<string[]> => (await readdir(join(directory, "backups"))).sort();
const KEYS = ["rotation-key.age", "rotation-key.pub"];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-drafts-"));
  ({ vault } = await Vault.create(directory, choice()));
});
afterEach(async () => {
  if (writer !== undefined) await kill(writer);
  await rm(directory, { recursive: true });
});

/** Another process begins to seal what never ends. @returns the name of its draft, once it is there */
async function beginSealing(): Promise<string> {
  const program = `
    import { Readable } from "node:stream";
    import { Vault } from ${JSON.stringify(join(import.meta.dirname, "vault.ts"))};
    const vault = await Vault.open(${JSON.stringify(directory)}, {});
    const begun = async function* () {
      yield Buffer.alloc(1 << 20);
      await new Promise(() => setInterval(() => {}, 1 << 30));
    };
    const endless = Readable.from(begun(), { objectMode: false });
    await vault.sealStream("backups/large.age", endless);
  `;
  const begun = new Promise<string>((resolve) => {
    const watcher = watch(join(directory, "backups"), (_, name) => {
      if (name?.includes(".draft-") !== true) return;
      watcher.close();
      resolve(name);
    });
  });
  writer = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], { stdio: "inherit" });
  return await begun;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

describe("what a process that was killed had half written", () => {
  test("goes when the next one opens the vault, and stays while it writes", async () => {
    const draft = await beginSealing();
    await Vault.open(directory, choice());
    expect(await inBackups()).toEqual([draft, ...KEYS].sort());
    if (writer !== undefined) await kill(writer);
    await Vault.open(directory, choice());
    expect(await inBackups()).toEqual(KEYS);
  });

  test("goes when a backup is begun anew in the same directory", async () => {
    const draft = await beginSealing();
    if (writer !== undefined) await kill(writer);
    await rename(join(directory, "backups", draft), join(directory, `backup.json${draft.slice("large.age".length)}`));
    await Vault.create(directory, choice());
    expect((await readdir(directory)).sort()).toEqual(["backups", "config"]);
  });

  const names: [string, (draft: string) => string, boolean][] = [
    ["of another host stays", (draft) => `${draft}-elsewhere`, true],
    ["goes where its process id means another process now", (draft) => draft.replace(/-(\d+)-/, "-$11-"), false],
    ["stays where it is called so by somebody else", () => "my.draft-1", true],
  ];
  test.each(names)("%s", async (_, renamed, stays) => {
    const draft = await beginSealing();
    const name = renamed(draft);
    await rename(join(directory, "backups", draft), join(directory, "backups", name));
    await Vault.open(directory, choice());
    expect((await inBackups()).includes(name)).toBe(stays);
  });

  test("that cannot be removed is in nobody's way", async () => {
    const draft = await beginSealing();
    if (writer !== undefined) await kill(writer);
    await rm(join(directory, "backups", draft));
    await mkdir(join(directory, "backups", draft));
    await writeFile(join(directory, "backups", draft, "mine"), "");
    const sealed = await (await Vault.open(directory, choice())).seal("one", "content");
    expect((await vault.unseal(sealed)).reveal()).toBe("content");
  });
});
