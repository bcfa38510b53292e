/** `farrier check --offline`: judges a target's files alone, for pipelines. Exit code 3 when the agents would refuse. */
import { z } from "zod";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { Certificate } from "../pki/certificate.ts";
import { judgeTarget, type TargetVerdict } from "../pki/judge-target.ts";
import { pinOfFile } from "../pki/pin.ts";
import { Secret } from "../pki/secret.ts";
import { parseMoment } from "./moment.ts";
import { OUTPUT_FORMATS, printResult } from "./output.ts";
import { parseOptions } from "./parse-options.ts";
import { renderFindings } from "./render/findings.ts";
import { paint } from "./render/style.ts";
import { readBytes, readText } from "./settings.ts";

const optionsSchema = z.object({
  cert: z.string().min(1),
  /** Without it, everything but the key is judged. */
  key: z.string().min(1).optional(),
  cacerts: z.string().min(1),
  hostname: z.string().min(1),
  at: z.string().optional(),
  keyPassphraseFile: z.string().min(1).optional(),
  output: z.enum(OUTPUT_FORMATS).default("table"),
});

const REQUIRED = ["cert", "cacerts", "hostname"] as const;

/** The action of `farrier check --offline`. */
export async function runCheckOffline(
  _words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  requireFlags(options);
  const { cert, key, cacerts, hostname, at, keyPassphraseFile, output } = parseOptions(optionsSchema, options);
  const moment = at === undefined ? new Date() : parseMoment(at);
  const bundle = readBytes(cacerts);
  const passphrase = readPassphrase(keyPassphraseFile);
  const verdict = judgeTarget({
    certPem: readBytes(cert),
    ...(key === undefined ? {} : { keyPem: readBytes(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    caPem: bundle,
    hostname: requireHost(hostname),
    at: moment,
    labels: { cert, ca: cacerts, ...(key === undefined ? {} : { key }) },
  });
  const asked = { hostname, at: moment.toISOString(), pin: pinOfFile(bundle) };
  await printResult(output, describe(verdict, asked), () => render(verdict, asked));
  return verdict.accepted ? EXIT.done : EXIT.checksFoundErrors;
}

interface Asked {
  readonly hostname: string;
  readonly at: string;
  /** `CATTLE_CA_CHECKSUM` of agents that would trust this bundle. */
  readonly pin: string;
}

/** The one object of `-o json`. */
function describe({ accepted, findings, path, chain, anchors }: TargetVerdict, asked: Asked): object {
  return {
    accepted,
    ...asked,
    findings,
    path: path.map(facts),
    chain: chain.map(facts),
    anchors: anchors.map(facts),
  };
}

function facts({ subject, issuer, serial, names, notBefore, notAfter, fingerprint }: Certificate): object {
  return { subject, issuer, serial, names, notBefore, notAfter, fingerprint };
}

function render({ accepted, findings, path }: TargetVerdict, { hostname, at, pin }: Asked): string {
  const verdict = accepted ? paint("good", "accepted") : paint("bad", "refused");
  const chain = path.length === 0 ? "" : `chain    ${path.map(({ subject }) => subject).join(" ← ")}\n`;
  return `${verdict}  by agents that connect to ${hostname} at ${at}\n${chain}pin      ${pin}\n\n${renderFindings(findings)}`;
}

function requireFlags(options: Readonly<Record<string, unknown>>): void {
  const missing = REQUIRED.filter((name) => options[name] === undefined).map((name) => `--${name}`);
  if (missing.length === 0) return;
  throw new FarrierError("input.usage", `farrier check --offline also needs ${missing.join(", ")}.`, {
    hint: "Name the files to judge and the host that agents connect to; see farrier check --help.",
  });
}

/** A name that could never be one is a slip of the pen, not a verdict on the certificate. */
function requireHost(hostname: string): string {
  const isAddress = hostname.includes("::") || hostname.split(":").length > 2;
  if (!/[\s/]/.test(hostname) && (isAddress || !hostname.includes(":"))) return hostname;
  throw new FarrierError("input.invalid", `"${hostname}" is not a host name or an IP address.`, {
    hint: "Give the name alone, without https://, port or path.",
  });
}

/** One newline at the end belongs to the file, not to the passphrase. */
function readPassphrase(file: string | undefined): Secret | undefined {
  const text = file === undefined ? process.env.FARRIER_KEY_PASSPHRASE : readText(file).replace(/\r?\n$/, "");
  return text === undefined || text === "" ? undefined : Secret.of(text);
}
