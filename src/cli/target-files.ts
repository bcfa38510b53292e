/** The files of a target, read from the flags; the key is held as a secret from the first moment. */
import { FarrierError } from "../errors.ts";
import { readPrivateKey } from "../pki/reading/private-key.ts";
import { Secret } from "../pki/secret.ts";
import { readBytes, readText } from "./settings.ts";

export interface TargetFiles {
  readonly cert: string;
  readonly key: string;
  /** Absent when the trust bundle shall not change. */
  readonly cacerts?: string;
  readonly certBytes: Buffer;
  readonly keyBytes: Buffer;
  readonly caBytes?: Buffer;
  readonly passphrase?: Secret;
  /** The key, decrypted. */
  readonly privateKey: Secret;
}

/**
 * @returns undefined when none of the flags was given
 * @throws FarrierError `input.usage` when some are missing; `input.*` for files that cannot be used
 */
export function readTargetFiles(options: Readonly<Record<string, unknown>>): TargetFiles | undefined {
  const [cert, key, cacerts] = [options.cert, options.key, options.cacerts].map((one) =>
    typeof one === "string" ? one : undefined,
  );
  if (cert === undefined && key === undefined && cacerts === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new FarrierError("input.usage", "A target needs --cert and --key.", {
      hint: "Give both, and --cacerts when the trust bundle shall change too.",
    });
  }
  const passphrase = readPassphrase(options.keyPassphraseFile);
  const keyBytes = readBytes(key);
  return {
    cert,
    key,
    certBytes: readBytes(cert),
    keyBytes,
    ...(cacerts === undefined ? {} : { cacerts, caBytes: readBytes(cacerts) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    privateKey: readPrivateKey(keyBytes, key, passphrase).pem,
  };
}

function readPassphrase(file: unknown): Secret | undefined {
  const text = typeof file === "string" ? readText(file) : process.env.FARRIER_KEY_PASSPHRASE;
  return text === undefined ? undefined : Secret.of(text.replace(/\r?\n$/, ""));
}
