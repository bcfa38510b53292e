/** The files of a target, read from the flags; the key is held as a secret from the first moment. */
import { FarrierError } from "../errors.ts";
import { readPrivateKey } from "../pki/reading/private-key.ts";
import { Secret } from "../pki/secret.ts";
import { readBytes, readText } from "./settings.ts";

export interface TargetFiles {
  readonly cert: string;
  /** Absent where a person gives certificate and key to what ends TLS before the cluster. */
  readonly key?: string;
  /** Absent when the trust bundle shall not change, or shall be served no more. */
  readonly cacerts?: string;
  /** Agents shall trust their system's own store. */
  readonly systemStore: boolean;
  readonly certBytes: Buffer;
  readonly keyBytes?: Buffer;
  readonly caBytes?: Buffer;
  readonly passphrase?: Secret;
  /** The key, decrypted. */
  readonly privateKey?: Secret;
}

/**
 * @returns undefined when none of the flags was given
 * @throws FarrierError `input.usage` when some are missing; `input.*` for files that cannot be used
 */
export function readTargetFiles(options: Readonly<Record<string, unknown>>): TargetFiles | undefined {
  const [cert, key, cacerts] = [options.cert, options.key, options.cacerts].map((one) =>
    typeof one === "string" ? one : undefined,
  );
  const systemStore = options.public === true;
  if (cert === undefined && key === undefined && cacerts === undefined && !systemStore) return undefined;
  if (systemStore && cacerts !== undefined) {
    throw new FarrierError("input.usage", "--public and --cacerts contradict each other.", {
      hint: "With a public certificate Rancher serves no bundle in the end: leave --cacerts out.",
    });
  }
  if (options.withoutKey === true && key !== undefined) {
    throw new FarrierError("input.usage", "--key and --without-key contradict each other.", {
      hint: "Give one of them.",
    });
  }
  if (cert === undefined || (key === undefined && options.withoutKey !== true)) {
    throw new FarrierError("input.usage", "A target needs --cert and --key.", {
      hint: "Give both, and --cacerts when the trust bundle shall change too.",
    });
  }
  return {
    cert,
    systemStore,
    certBytes: readBytes(cert),
    ...(key === undefined ? {} : readKey(key, options.keyPassphraseFile)),
    ...(cacerts === undefined ? {} : { cacerts, caBytes: readBytes(cacerts) }),
  };
}

function readKey(key: string, passphraseFile: unknown): Partial<TargetFiles> {
  const passphrase = readPassphrase(passphraseFile);
  const keyBytes = readBytes(key);
  const privateKey = readPrivateKey(keyBytes, key, passphrase).pem;
  return { key, keyBytes, privateKey, ...(passphrase === undefined ? {} : { passphrase }) };
}

function readPassphrase(file: unknown): Secret | undefined {
  const text = typeof file === "string" ? readText(file) : process.env.FARRIER_KEY_PASSPHRASE;
  return text === undefined ? undefined : Secret.of(text.replace(/\r?\n$/, ""));
}
