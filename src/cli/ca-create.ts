/** `farrier ca create`: a private certificate authority, for trials and for estates that have none yet. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type Authority, createIntermediate, createRoot } from "../pki/issuing/authority.ts";
import { issuingOptions } from "./ca-options.ts";
import { type CertificateFile, refuseOverwriting, writeCertificateFiles } from "./certificate-files.ts";
import { printResult } from "./output.ts";
import { parseOptions } from "./parse-options.ts";

/** Names inside an authority's directory; `farrier ca issue` reads them. */
export const AUTHORITY_FILES = {
  rootCertificate: "root.crt",
  rootKey: "root.key",
  intermediateCertificate: "intermediate.crt",
  intermediateKey: "intermediate.key",
  bundle: "cacerts.pem",
} as const;

const optionsSchema = issuingOptions.extend({
  commonName: z.string().min(1).max(64).default("Farrier Root CA"),
  intermediate: z.union([z.boolean(), z.string().min(1).max(64)]).default(false),
});

/** Makes a root, and an intermediate if asked for, and writes their certificates, keys and trust bundle. */
export async function run(_words: readonly string[], options: Readonly<Record<string, unknown>>): Promise<ExitCode> {
  const parsed = parseOptions(optionsSchema, options);
  const { out, algorithm, days, organization } = parsed;
  refuseOverwriting(out, Object.values(AUTHORITY_FILES), parsed.force);
  const shared = { now: new Date(), algorithm, ...(organization === undefined ? {} : { organization }) };
  const root = await createRoot({
    ...shared,
    commonName: parsed.commonName,
    ...(days === undefined ? {} : { days }),
  });
  const intermediate =
    parsed.intermediate === false
      ? undefined
      : await createIntermediate(root, { ...shared, commonName: intermediateName(parsed) });
  const files = writeCertificateFiles(out, filesOf(root, intermediate));
  if (intermediate === undefined) removeStaleIntermediate(out);
  const result = { files, notAfter: root.notAfter.toISOString() };
  await printResult(parsed.output, result, () => {
    const next = `farrier ca issue --ca ${commandWord(out)} --out DIRECTORY --hostname NAME`;
    return `${files.join("\n")}\nValid until ${result.notAfter.slice(0, 10)}. Next: ${next}\n`;
  });
  return EXIT.done;
}

function intermediateName(options: { readonly commonName: string; readonly intermediate: boolean | string }): string {
  if (typeof options.intermediate === "string") return options.intermediate;
  return `${options.commonName.slice(0, 51)} Intermediate`;
}

/** The bundle holds the root alone: an intermediate in it would be an anchor of its own to the agents. */
function filesOf(root: Authority, intermediate: Authority | undefined): readonly CertificateFile[] {
  const files = [
    { name: AUTHORITY_FILES.rootKey, content: root.keyPem, secret: true },
    { name: AUTHORITY_FILES.rootCertificate, content: root.certificatePem, secret: false },
    { name: AUTHORITY_FILES.bundle, content: root.certificatePem, secret: false },
  ];
  if (intermediate === undefined) return files;
  return [
    ...files,
    { name: AUTHORITY_FILES.intermediateKey, content: intermediate.keyPem, secret: true },
    { name: AUTHORITY_FILES.intermediateCertificate, content: intermediate.certificatePem, secret: false },
  ];
}

/** With --force: the intermediate of the authority that was just overwritten would be taken for one of the new. */
function removeStaleIntermediate(directory: string): void {
  for (const name of [AUTHORITY_FILES.intermediateCertificate, AUTHORITY_FILES.intermediateKey]) {
    rmSync(join(directory, name), { force: true });
  }
}
