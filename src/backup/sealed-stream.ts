/** age files that are too large for memory: written and read as streams, never in the clear on disk. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Decrypter, Encrypter } from "age-encryption";
import { FarrierError } from "../errors.ts";
import type { Secret } from "../pki/secret.ts";
import { draftOf } from "./drafts.ts";
import { syncDirectory, unwritable } from "./private-files.ts";

/** Of a file's own bytes, the ciphertext. */
export interface Written {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Encrypts a stream into a new file (0600) that is there whole or not at all.
 * @throws FarrierError `rotation.unwritable`, when the disk is full for instance; whatever `content` fails with
 */
export async function encryptInto(path: string, recipient: string, content: Readable): Promise<Written> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const draft = draftOf(path);
  const { measured, written } = measure();
  let refused: unknown;
  const file = createWriteStream(draft, { flags: "wx", mode: 0o600, flush: true });
  file.once("error", (error) => {
    refused = error;
  });
  try {
    const clear: ReadableStream<Uint8Array> = Readable.toWeb(content);
    const sealed: ReadableStream<Uint8Array> = await encrypter.encrypt(clear);
    await pipeline(sealed, measured, file);
    await rename(draft, path);
    await syncDirectory(dirname(path));
    return written();
  } catch (error) {
    file.destroy();
    content.destroy();
    await rm(draft, { force: true }).catch(() => {});
    throw refused === error ? unwritable(path, error) : error;
  }
}

/** @throws FarrierError `backup.missing` */
export async function measureFile(path: string): Promise<Written> {
  const { measured, written } = measure();
  measured.resume();
  try {
    await pipeline(createReadStream(path), measured);
  } catch (error) {
    throw new FarrierError("backup.missing", `${path} is missing or cannot be read.`, { cause: error });
  }
  return written();
}

/**
 * What was encrypted; the stream fails where the file was damaged.
 * @param name of the file, for the person
 * @throws FarrierError `backup.cannot-decrypt`
 */
export async function decryptFrom(path: string, identity: Secret, name: string): Promise<Readable> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity.reveal());
  const file = createReadStream(path);
  try {
    const sealed: ReadableStream<Uint8Array> = Readable.toWeb(file);
    return Readable.fromWeb(await decrypter.decrypt(sealed));
  } catch {
    file.destroy();
    // The cause is left out on purpose: nothing about keys or plaintext may travel in an error.
    throw new FarrierError("backup.cannot-decrypt", `${name} cannot be decrypted with the identity at hand.`);
  }
}

/** Counts and hashes what goes through. */
export function measure(): { readonly measured: Transform; readonly written: () => Written } {
  const hash = createHash("sha256");
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { measured, written: () => ({ sha256: hash.digest("hex"), bytes }) };
}
