import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "../pki/secret.ts";
import { ownerIdentity } from "./owner-identity.ts";
import { sealServingPair, unsealServingPair } from "./serving-pair.ts";
import { Vault } from "./vault.ts";

const CANARY = "canary-key-5f1c0a";
let folder: string;
let environment: NodeJS.ProcessEnv;
let rotation: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-vault-"));
  environment = { XDG_CONFIG_HOME: join(folder, "config") };
  rotation = join(folder, "rotation");
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

async function everyFileIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function newKey(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

describe("the owner's identity", () => {
  test("is made on first use, readable by its owner alone, and its path is told", async () => {
    const { owner } = await Vault.create(rotation, { environment });
    expect(owner?.created).toBe(true);
    expect(owner?.path).toBe(join(folder, "config", "farrier", "identity.txt"));
    expect(await modeOf(owner?.path ?? "")).toBe("600");
    expect(await modeOf(join(folder, "config", "farrier"))).toBe("700");
  });

  test("is used again for the next rotation", async () => {
    const first = await Vault.create(rotation, { environment });
    const second = await Vault.create(join(folder, "another"), { environment });
    expect(second.owner?.created).toBe(false);
    expect(second.owner?.recipient).toBe(first.owner?.recipient);
  });

  test("may be a file that FARRIER_IDENTITY names", async () => {
    const { identity, recipient } = await newKey();
    const path = join(folder, "unattended.txt");
    await writeFile(path, `# made by age-keygen\r\n${identity}\r\n`);
    const owner = await ownerIdentity({ environment: { FARRIER_IDENTITY: path } }, { create: true });
    expect(owner).toMatchObject({ recipient, path, created: false });
  });

  const refused = [
    { name: "a named file that does not exist", content: undefined, code: "backup.identity-missing" },
    { name: "a file without a key", content: "# nothing\n", code: "backup.identity-invalid" },
    { name: "a key that is cut off", content: `AGE-SECRET-KEY-1${CANARY}\n`, code: "backup.identity-invalid" },
  ];
  test.each(refused)("refuses $name, and repeats nothing of it", async ({ content, code }) => {
    const path = join(folder, "named.txt");
    if (content !== undefined) await writeFile(path, content);
    const error: unknown = await ownerIdentity({ identityFile: path, environment }, { create: true }).catch((e) => e);
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error) + String(error)).not.toContain(CANARY);
  });
});

describe("a rotation's vault", () => {
  test("gives back what was sealed, in a later process too", async () => {
    const { vault } = await Vault.create(rotation, { environment });
    const sealed = await vault.seal("rancher/tls-ca@both", "bytes with ümlauts\r\n");
    const later = await Vault.open(rotation, { environment });
    expect((await later.unseal(sealed)).reveal()).toBe("bytes with ümlauts\r\n");
    await expect(later.prove([sealed])).resolves.toBeUndefined();
  });

  test("leaves nothing readable in the directory, and lets nobody else in", async () => {
    const { vault } = await Vault.create(rotation, { environment });
    await sealServingPair(vault, "target", { chain: "chain", key: Secret.of(CANARY) });
    for (const file of await everyFileIn(rotation)) {
      const content = await readFile(file, "utf8");
      expect(content).not.toContain(CANARY);
      expect(content).not.toContain("AGE-SECRET-KEY");
      expect(await modeOf(file)).toBe("600");
    }
    expect(await modeOf(rotation)).toBe("700");
    expect(await modeOf(join(rotation, "backups"))).toBe("700");
  });

  test("never writes over a sealed file", async () => {
    const { vault } = await Vault.create(rotation, { environment });
    const [first, second] = [await vault.seal("before", "one"), await vault.seal("before", "two")];
    expect((await vault.unseal(first)).reveal()).toBe("one");
    expect((await vault.unseal(second)).reveal()).toBe("two");
  });

  test("for named recipients opens with each of their identities, and not with the one of the machine", async () => {
    const [alice, bob] = [await newKey(), await newKey()];
    const { vault, owner } = await Vault.create(rotation, {
      environment,
      recipients: [alice.recipient, bob.recipient],
    });
    const sealed = await vault.seal("target", "content");
    expect(owner).toBeUndefined();
    for (const { identity } of [alice, bob]) {
      const path = join(folder, "theirs.txt");
      await writeFile(path, identity);
      const opened = await Vault.open(rotation, { environment, identityFile: path });
      expect((await opened.unseal(sealed)).reveal()).toBe("content");
    }
    await ownerIdentity({ environment }, { create: true });
    const stranger = await Vault.open(rotation, { environment });
    await expect(stranger.unseal(sealed)).rejects.toMatchObject({ code: "backup.cannot-decrypt" });
  });

  test("refuses a word that is no recipient", async () => {
    const made = Vault.create(rotation, { environment, recipients: ["age1nonsense"] });
    await expect(made).rejects.toMatchObject({ code: "backup.recipient-invalid" });
  });

  const damaged = [
    { name: "a file that was altered", code: "backup.altered", harm: (path: string) => writeFile(path, "altered") },
    { name: "a file that is gone", code: "backup.missing", harm: (path: string) => rm(path) },
  ];
  test.each(damaged)("says so for $name", async ({ code, harm }) => {
    const { vault } = await Vault.create(rotation, { environment });
    const sealed = await vault.seal("target", "content");
    await harm(join(rotation, sealed.file));
    await expect(vault.unseal(sealed)).rejects.toMatchObject({ code });
  });

  test("says that it cannot write where it may not", async () => {
    const blocked = join(folder, "file-instead-of-directory");
    await writeFile(blocked, "");
    await chmod(blocked, 0o400);
    const made = Vault.create(join(blocked, "rotation"), { environment });
    await expect(made).rejects.toMatchObject({ code: "rotation.unwritable" });
  });
});

test("a serving pair comes back byte for byte, and a file that holds something else is refused", async () => {
  const { vault } = await Vault.create(rotation, { environment });
  const pair = { chain: "-----BEGIN CERTIFICATE-----\r\n…\r\n", key: Secret.of(CANARY) };
  const sealed = await sealServingPair(vault, "target", pair);
  const back = await unsealServingPair(vault, sealed);
  expect(back.chain).toBe(pair.chain);
  expect(back.key.reveal()).toBe(CANARY);
  const other = await vault.seal("objects", '{"format":"something else"}');
  await expect(unsealServingPair(vault, other)).rejects.toMatchObject({ code: "backup.altered" });
});
