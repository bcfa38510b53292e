/**
 * Who can open a rotation's backups: an age identity that belongs to a person, never to the rotation. It is the file
 * named by flag or `FARRIER_IDENTITY`, or `farrier/identity.txt` in the user's configuration directory, which is made
 * on first use.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { FarrierError } from "../errors.ts";
import { Secret } from "../pki/secret.ts";
import { ensurePrivateDirectory, writePrivateFile } from "./private-files.ts";

export interface OwnerIdentity {
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: Secret;
  /** `age1…` */
  readonly recipient: string;
  readonly path: string;
  /** True when the file was made just now: the person must be told to keep it. */
  readonly created: boolean;
}

export interface IdentityChoice {
  /** Named by flag or settings; wins over `FARRIER_IDENTITY`. */
  readonly identityFile?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

/**
 * Finds the identity, and makes the default one if `create` allows it.
 * @throws FarrierError `backup.identity-missing`, `backup.identity-invalid`, `rotation.unwritable`
 */
export async function ownerIdentity(
  choice: IdentityChoice,
  { create }: { readonly create: boolean },
): Promise<OwnerIdentity> {
  const environment = choice.environment ?? process.env;
  const named = choice.identityFile ?? environment.FARRIER_IDENTITY;
  const path = named ?? defaultPath(environment);
  const text = await textOf(path);
  if (text !== undefined) return { ...(await parseIdentity(text, path)), path, created: false };
  if (named !== undefined || !create) {
    throw new FarrierError("backup.identity-missing", `There is no age identity at ${path}.`);
  }
  return createIdentity(path);
}

/** `$XDG_CONFIG_HOME/farrier/identity.txt`, or the same under `~/.config`. */
function defaultPath(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), ".config");
  return join(base, "farrier", "identity.txt");
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new FarrierError("backup.identity-invalid", `The age identity ${path} cannot be read.`, { cause: error });
  }
}

/** The format of `age-keygen`: comments, and one line that is the key. */
async function parseIdentity(text: string, path: string): Promise<{ identity: Secret; recipient: string }> {
  const line = text
    .split(/\r?\n/)
    .map((candidate) => candidate.trim())
    .find((candidate) => candidate.startsWith("AGE-SECRET-KEY-"));
  if (/^(-----BEGIN AGE ENCRYPTED FILE|age-encryption\.org\/)/.test(text)) {
    throw new FarrierError("backup.identity-invalid", `The age identity ${path} is itself encrypted.`, {
      hint: "Farrier asks for no passphrase: decrypt it first, age -d FILE, and name what comes out.",
    });
  }
  try {
    if (line === undefined) throw new Error("no line with a key");
    return { identity: Secret.of(line), recipient: await identityToRecipient(line) };
  } catch {
    // The cause is left out on purpose: a parser may repeat the line that it could not parse.
    throw new FarrierError("backup.identity-invalid", `${path} holds no usable age identity.`);
  }
}

async function createIdentity(path: string): Promise<OwnerIdentity> {
  const key = await generateX25519Identity();
  const recipient = await identityToRecipient(key);
  await ensurePrivateDirectory(dirname(path));
  await writePrivateFile(
    path,
    `# Farrier: opens the backups of your rotations. Keep it.\n# public key: ${recipient}\n${key}\n`,
  );
  return { identity: Secret.of(key), recipient, path, created: true };
}
