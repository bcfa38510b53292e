/** The files of a target, read once. */
import type { Certificate } from "../pki/certificate.ts";
import { keyMatchesCertificate, readPrivateKey } from "../pki/reading/private-key.ts";
import { readCertificates } from "../pki/reading/read-certificates.ts";
import type { Secret } from "../pki/secret.ts";

export interface TargetFiles {
  readonly certPem: string | Uint8Array;
  readonly keyPem?: string | Uint8Array;
  readonly passphrase?: Secret;
  readonly caPem: string | Uint8Array;
  /** Agents shall trust their system's own store: `caPem` has public roots, and no bundle is served. */
  readonly systemStore?: boolean;
  /** File names for sentences. */
  readonly labels?: { readonly cert?: string; readonly key?: string; readonly ca?: string };
}

/** Files that can be read; what they say is for the checks to judge. */
export interface Target extends TargetFiles {
  /** As in the file; empty where no block of it can be parsed. */
  readonly chain: readonly Certificate[];
  /** Whether the key belongs to the leaf; absent without a key. */
  readonly keyMatches?: boolean;
}

/** Throws `input.*` errors for files that hold nothing of the kind: garbage, DER, a wrong passphrase. */
export function readTarget(files: TargetFiles): Target {
  const { certificates: chain } = readCertificates(files.certPem, files.labels?.cert ?? "tls.crt");
  readCertificates(files.caPem, files.labels?.ca ?? "cacerts.pem");
  const [leaf] = chain;
  if (files.keyPem === undefined || leaf === undefined) return { ...files, chain };
  const key = readPrivateKey(files.keyPem, files.labels?.key ?? "tls.key", files.passphrase);
  return { ...files, chain, keyMatches: keyMatchesCertificate(key, leaf) };
}
