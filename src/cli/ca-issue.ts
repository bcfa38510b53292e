/** `farrier ca issue`: a serving certificate from an authority that `farrier ca create` made. */
import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import { type Authority, loadAuthority } from "../pki/issuing/authority.ts";
import { issueServing } from "../pki/issuing/serving.ts";
import { AUTHORITY_FILES } from "./ca-create.ts";
import { issuingOptions } from "./ca-options.ts";
import { refuseOverwriting, writeCertificateFiles } from "./certificate-files.ts";
import { printResult } from "./output.ts";
import { parseOptions } from "./parse-options.ts";
import { readText } from "./settings.ts";

/** The names that `kubectl create secret tls` and Rancher's documentation use. */
const CERTIFICATE = "tls.crt";
const KEY = "tls.key";

const optionsSchema = issuingOptions.extend({
  ca: z.string().min(1),
  hostname: z.array(z.string()).min(1),
});

/** Issues a certificate and writes it (with its intermediate) and its key. */
export async function run(_words: readonly string[], options: Readonly<Record<string, unknown>>): Promise<ExitCode> {
  const { ca, out, algorithm, days, organization, hostname, force, output } = parseOptions(optionsSchema, options);
  for (const name of hostname) requireHostname(name);
  const hostnames = hostname.map((name) => name.toLowerCase());
  refuseOverwriting(out, [CERTIFICATE, KEY], force);
  const now = new Date();
  const { issuer, intermediates } = await readAuthority(ca);
  if (issuer.notAfter <= now) {
    throw new FarrierError("input.invalid", `The authority in ${ca} expired on ${day(issuer.notAfter)}.`, {
      hint: "Make a new one with farrier ca create.",
    });
  }
  const leaf = await issueServing(issuer, {
    hostnames,
    now,
    algorithm,
    ...(days === undefined ? {} : { days }),
    ...(organization === undefined ? {} : { organization }),
  });
  const files = writeCertificateFiles(out, [
    { name: KEY, content: leaf.keyPem, secret: true },
    { name: CERTIFICATE, content: [leaf.certificatePem, ...intermediates].join(""), secret: false },
  ]);
  const cut = days !== undefined && leaf.notAfter.getTime() === issuer.notAfter.getTime();
  const until = `Valid until ${day(leaf.notAfter)}${cut ? `, when its authority expires: ${days} days would be longer` : ""}.`;
  const result = { files, hostnames, notAfter: leaf.notAfter.toISOString(), endsWithAuthority: cut };
  await printResult(output, result, () => `${files.join("\n")}\n${until}\n`);
  return EXIT.done;
}

/** The intermediate issues where there is one; it then belongs into the served chain. */
async function readAuthority(
  directory: string,
): Promise<{ readonly issuer: Authority; readonly intermediates: readonly string[] }> {
  const { rootCertificate, rootKey, intermediateCertificate, intermediateKey } = AUTHORITY_FILES;
  if (!existsSync(join(directory, intermediateCertificate))) {
    return { issuer: await readIssuer(directory, rootCertificate, rootKey), intermediates: [] };
  }
  const issuer = await readIssuer(directory, intermediateCertificate, intermediateKey);
  return { issuer, intermediates: [issuer.certificatePem] };
}

async function readIssuer(directory: string, certificateName: string, keyName: string): Promise<Authority> {
  const certificate = join(directory, certificateName);
  const key = join(directory, keyName);
  try {
    return await loadAuthority(readText(certificate), readText(key));
  } catch (error) {
    if (error instanceof FarrierError) throw error;
    throw new FarrierError("input.invalid", `${certificate} and ${key} are not the certificate and key of one CA.`, {
      hint: "Name a directory that farrier ca create wrote.",
      cause: error,
    });
  }
}

/** RFC 1123 §2.1 labels; a wildcard may only be the whole first label (RFC 6125 §6.4.3: all that Go accepts). */
const DNS_NAME = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const LOOKS_LIKE_ADDRESS = /^[\d.]+$/;

function requireHostname(name: string): void {
  const isName = name.length <= 253 && DNS_NAME.test(name) && !LOOKS_LIKE_ADDRESS.test(name);
  if (isIP(name) !== 0 || isName) return;
  throw new FarrierError("input.invalid", `"${name}" is neither a DNS name nor an IP address.`, {
    hint: "Give the name alone, without https://, port or path.",
  });
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
