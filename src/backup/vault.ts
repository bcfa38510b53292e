/**
 * What a rotation keeps secret: files in its `backups/`, encrypted to a key pair of its own (age, X25519). The private
 * half lies beside them, itself encrypted to the owner's identity or to the recipients that were named: whoever finds
 * the directory can read nothing. Plan and journal name each file with the digest of its ciphertext.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { FarrierError } from "../errors.ts";
import { Secret } from "../pki/secret.ts";
import { clearAbandonedDrafts } from "./drafts.ts";
import { SEALED_FOLDER as FOLDER, refuseOccupied } from "./new-directory.ts";
import { type IdentityChoice, type OwnerIdentity, ownerIdentity } from "./owner-identity.ts";
import { ensurePrivateDirectory, writePrivateFile } from "./private-files.ts";
import { decryptFrom, encryptInto, measureFile } from "./sealed-stream.ts";

/** Names a sealed file: its path in the rotation's directory and the SHA-256 (hex) of the ciphertext. */
export interface Sealed {
  readonly file: string;
  readonly sha256: string;
}

/** Of one that was written as a stream: also its length, of the ciphertext. */
export interface SealedStream extends Sealed {
  readonly bytes: number;
}

const WRAPPED_KEY = "rotation-key.age";
const PUBLIC_KEY = "rotation-key.pub";

/** As {@link Vault.seal} and its callers name them. */
const SEALED_FILE = /^backups\/[A-Za-z0-9][A-Za-z0-9._-]*$/;

export interface NewVault extends IdentityChoice {
  /** age recipients (`age1…`) that the private half is encrypted to, instead of the owner's identity. */
  readonly recipients?: readonly string[] | undefined;
}

export class Vault {
  readonly directory: string;
  /** The rotation's public half, `age1…`. */
  readonly recipient: string;
  readonly #choice: IdentityChoice;
  #identity: Secret | undefined;

  private constructor(directory: string, recipient: string, choice: IdentityChoice) {
    this.directory = directory;
    this.recipient = recipient;
    this.#choice = choice;
  }

  /**
   * Makes the key pair of a new rotation. `owner` is set when the owner's identity was used, so that its path can be
   * shown.
   * @throws FarrierError `backup.recipient-invalid`, `backup.identity-missing`, `backup.identity-invalid`,
   *   `rotation.exists` where the directory holds another one, `rotation.unwritable`
   */
  static async create(directory: string, options: NewVault = {}): Promise<{ vault: Vault; owner?: OwnerIdentity }> {
    const named = options.recipients ?? [];
    const owner = named.length > 0 ? undefined : await ownerIdentity(options, { create: true });
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    const wrapped = await encryptFor(owner === undefined ? named : [owner.recipient], Buffer.from(identity));
    refuseOccupied(directory);
    await ensurePrivateDirectory(directory);
    await ensurePrivateDirectory(join(directory, FOLDER));
    await clearDrafts(directory);
    await writePrivateFile(join(directory, FOLDER, WRAPPED_KEY), wrapped);
    await writePrivateFile(join(directory, FOLDER, PUBLIC_KEY), `${recipient}\n`);
    const vault = new Vault(directory, recipient, options);
    vault.#identity = Secret.of(identity);
    return owner === undefined ? { vault } : { vault, owner };
  }

  /**
   * Opens the vault of a rotation for sealing; the private half is unwrapped when something is first unsealed. What a
   * process that was killed had half written there goes, in {@link Vault.create} too.
   * @throws FarrierError `backup.missing`
   */
  static async open(directory: string, choice: IdentityChoice = {}): Promise<Vault> {
    const recipient = await readOwn(join(directory, FOLDER, PUBLIC_KEY));
    await clearDrafts(directory);
    return new Vault(directory, recipient.toString("utf8").trim(), choice);
  }

  /**
   * Encrypts `content` into a new file; a file that exists is never written again.
   * @param name what it is, in letters, digits and dashes: the beginning of the file's name
   * @throws FarrierError `rotation.unwritable`
   */
  async seal(name: string, content: string | Uint8Array): Promise<Sealed> {
    const ciphertext = await encryptFor([this.recipient], content);
    const sha256 = digestOf(ciphertext);
    const file = `${FOLDER}/${name.replaceAll(/[^A-Za-z0-9]+/g, "-")}-${sha256.slice(0, 12)}.age`;
    await writePrivateFile(join(this.directory, file), ciphertext);
    return { file, sha256 };
  }

  /**
   * @returns the content as text; it is a secret
   * @throws FarrierError `backup.missing`, `backup.altered`, `backup.cannot-decrypt` and those of the identity
   */
  async unseal(sealed: Sealed): Promise<Secret> {
    const ciphertext = await readOwn(this.#pathOf(sealed));
    if (digestOf(ciphertext) !== sealed.sha256) throw altered(sealed);
    return Secret.of(await decryptWith(await this.#privateHalf(), ciphertext, sealed.file));
  }

  /**
   * Encrypts a stream into a new file, which is there whole or not at all.
   * @param file its path in the directory
   * @throws FarrierError `rotation.unwritable`; whatever `content` fails with
   */
  async sealStream(file: string, content: Readable): Promise<SealedStream> {
    return { file, ...(await encryptInto(join(this.directory, file), this.recipient, content)) };
  }

  /**
   * The content of a file that {@link sealStream} wrote, which was read once before to see that it is that file.
   * @throws FarrierError as {@link Vault.unseal}
   */
  async unsealStream(sealed: Sealed): Promise<Readable> {
    const path = this.#pathOf(sealed);
    const { sha256 } = await measureFile(path);
    if (sha256 !== sealed.sha256) throw altered(sealed);
    return await decryptFrom(path, await this.#privateHalf(), sealed.file);
  }

  /**
   * Proves that each of the files can be decrypted now, by this person on this machine.
   * @throws FarrierError as {@link Vault.unseal}
   */
  async prove(files: readonly Sealed[]): Promise<void> {
    for (const sealed of files) await this.unseal(sealed);
  }

  /** What a manifest names is one of the vault's own files, whatever somebody has written into it. */
  #pathOf(sealed: Sealed): string {
    if (!SEALED_FILE.test(sealed.file)) throw altered(sealed);
    return join(this.directory, sealed.file);
  }

  async #privateHalf(): Promise<Secret> {
    if (this.#identity === undefined) {
      const owner = await ownerIdentity(this.#choice, { create: false });
      const wrapped = await readOwn(join(this.directory, FOLDER, WRAPPED_KEY));
      this.#identity = Secret.of(await decryptWith(owner.identity, wrapped, `${FOLDER}/${WRAPPED_KEY}`));
    }
    return this.#identity;
  }
}

async function clearDrafts(directory: string): Promise<void> {
  for (const folder of [directory, join(directory, FOLDER)]) await clearAbandonedDrafts(folder);
}

function altered({ file }: Sealed): FarrierError {
  return new FarrierError("backup.altered", `${file} is not the file that was recorded when it was written.`);
}

async function encryptFor(recipients: readonly string[], content: string | Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw new FarrierError("backup.recipient-invalid", `"${recipient}" is not an age recipient.`, { cause: error });
    }
  }
  return encrypter.encrypt(content);
}

async function decryptWith(identity: Secret, ciphertext: Uint8Array, file: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity.reveal());
  try {
    return await decrypter.decrypt(ciphertext, "text");
  } catch {
    // The cause is left out on purpose: nothing about keys or plaintext may travel in an error.
    throw new FarrierError("backup.cannot-decrypt", `${file} cannot be decrypted with the identity at hand.`);
  }
}

async function readOwn(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new FarrierError("backup.missing", `${path} is missing or cannot be read.`, { cause: error });
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
