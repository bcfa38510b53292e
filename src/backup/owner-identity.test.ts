import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ownerIdentity } from "./owner-identity.ts";

let folder: string;
let key: string;
let recipient: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-identity-"));
  key = await generateX25519Identity();
  recipient = await identityToRecipient(key);
});
beforeEach(() => {
  environment = { XDG_CONFIG_HOME: join(folder, "config"), HOME: join(folder, "home") };
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("an identity's file", () => {
  const rows: [string, (key: string) => string][] = [
    ["as age-keygen writes it", (line) => `# created: 2026-01-01\n# public key: age1\n${line}\n`],
    ["with the line ends of Windows", (line) => `# public key: age1\r\n${line}\r\n`],
    ["with space around the key", (line) => `\n   ${line}\t\n`],
    ["with nothing after the key", (line) => line],
  ];
  it.each(rows)("%s is read", async (_, text) => {
    const path = await file("identity.txt", text(key));
    const found = await ownerIdentity({ identityFile: path, environment }, { create: true });
    expect(found).toMatchObject({ recipient, path, created: false });
    expect(found.identity.reveal()).toBe(key);
  });

  const refused: [string, string, RegExp][] = [
    ["with no key in it", "# nothing\nAGE-PLUGIN-YUBIKEY-1Q\n", /holds no usable age identity\.$/],
    ["with half a key", "AGE-SECRET-KEY-1QQQQ\n", /holds no usable age identity\.$/],
    ["that is encrypted, in text", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", /is itself encrypted\.$/],
    ["that is encrypted", "age-encryption.org/v1\n-> scrypt\n", /is itself encrypted\.$/],
  ];
  it.each(refused)("%s is refused, and nothing of it is repeated", async (_, text, message) => {
    const chosen = ownerIdentity({ identityFile: await file("bad.txt", text), environment }, { create: true });
    const error: unknown = await chosen.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "backup.identity-invalid", message: expect.stringMatching(message) });
    expect(error).not.toHaveProperty("cause");
  });

  it("that is a directory cannot be read", async () => {
    const chosen = ownerIdentity({ identityFile: folder, environment }, { create: true });
    await expect(chosen).rejects.toMatchObject({
      code: "backup.identity-invalid",
      message: expect.stringContaining("cannot be read"),
    });
  });
});

describe("which identity it is", () => {
  it("is the one that is named, before the environment's", async () => {
    const [named, other] = [await file("named.txt", key), await file("other.txt", await generateX25519Identity())];
    const found = await ownerIdentity(
      { identityFile: named, environment: { FARRIER_IDENTITY: other } },
      { create: false },
    );
    expect(found.recipient).toBe(recipient);
  });

  it("is the environment's where none is named", async () => {
    const path = await file("environment.txt", key);
    expect(
      await ownerIdentity({ environment: { ...environment, FARRIER_IDENTITY: path } }, { create: false }),
    ).toMatchObject({
      recipient,
      path,
    });
  });

  it("is never made where one was named: somebody's backups would be sealed for nobody", async () => {
    const missing = join(folder, "missing.txt");
    for (const choice of [{ identityFile: missing, environment }, { environment: { FARRIER_IDENTITY: missing } }]) {
      await expect(ownerIdentity(choice, { create: true })).rejects.toMatchObject({ code: "backup.identity-missing" });
    }
  });

  it("is not made for somebody who only reads", async () => {
    await expect(ownerIdentity({ environment }, { create: false })).rejects.toMatchObject({
      code: "backup.identity-missing",
      message: `There is no age identity at ${join(folder, "config/farrier/identity.txt")}.`,
    });
  });

  it("is made once, below .config of the home directory where no other is set", async () => {
    const home = { HOME: join(folder, "home"), XDG_CONFIG_HOME: "" };
    const made = await ownerIdentity({ environment: home }, { create: true });
    const again = await ownerIdentity({ environment: home }, { create: true });
    const path = join(folder, "home/.config/farrier/identity.txt");
    expect([made.path, made.created, again.created]).toEqual([path, true, false]);
    expect(again.recipient).toBe(made.recipient);
    expect(await readFile(path, "utf8")).toContain(`# public key: ${made.recipient}\n`);
  });
});
