/** Writes certificates and keys for `farrier ca`: keys for their owner alone, and nothing is overwritten unasked. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FarrierError } from "../errors.ts";

/** One file to write; `secret` ones get mode 0600. */
export interface CertificateFile {
  readonly name: string;
  readonly content: string;
  readonly secret: boolean;
}

/**
 * Refuses before anything is made when a file is already there.
 * @throws FarrierError `input.file-exists`
 */
export function refuseOverwriting(directory: string, names: readonly string[], force: boolean): void {
  if (force) return;
  const present = names.filter((name) => existsSync(join(directory, name)));
  if (present.length === 0) return;
  throw new FarrierError("input.file-exists", `${directory} already holds ${present.join(", ")}.`);
}

/**
 * Writes each file under another name and renames it, so that no reader meets half a file. Creates the directory.
 * @returns the paths, in the order of `files`
 * @throws FarrierError `input.file-unwritable`
 */
export function writeCertificateFiles(directory: string, files: readonly CertificateFile[]): readonly string[] {
  return files.map(({ name, content, secret }) => {
    const path = join(directory, name);
    const unfinished = `${path}.${process.pid}.part`;
    try {
      mkdirSync(directory, { recursive: true });
      writeFileSync(unfinished, content, { mode: secret ? 0o600 : 0o644, flag: "wx" });
      renameSync(unfinished, path);
    } catch (error) {
      if (existsSync(unfinished)) rmSync(unfinished);
      throw new FarrierError("input.file-unwritable", `${path} cannot be written.`, { cause: error });
    }
    return path;
  });
}
