/** Extended key usage, nested: what a CA lists limits what is below it. Go's `checkChainForKeyUsage` for server authentication. */
import type { X509 } from "../x509/parse.ts";

export const PURPOSE_ANY = "2.5.29.37.0";
const PURPOSE_SERVER = "1.3.6.1.5.5.7.3.1";

/** The certificate of the chain that forbids serving, looked for from the anchor down as Go does. */
export function forbidsServing(chain: readonly X509[]): X509 | undefined {
  return chain.findLast(
    ({ extendedKeyUsage: purposes }) =>
      purposes !== undefined &&
      purposes.length > 0 &&
      !purposes.includes(PURPOSE_ANY) &&
      !purposes.includes(PURPOSE_SERVER),
  );
}
