/** Trust bundles that Farrier writes. Those that others wrote are taken as they are, byte by byte. */
import { type Certificate, certificateFrom } from "./certificate.ts";
import { peoplesPemBlocks } from "./reading/peoples-pem.ts";
import { parseX509 } from "./x509/parse.ts";

/**
 * The canonical text of a bundle: intermediates before roots, each certificate once, one newline at the end, and the
 * same bytes whatever the order of the input, so that a bundle of the same certificates always has the same pin.
 */
export function bundleOf(certificates: readonly Certificate[]): string {
  const unique = new Map(certificates.map((certificate) => [certificate.fingerprint, certificate]));
  return [...unique.values()]
    .toSorted(compare)
    .map(({ pem }) => pem)
    .join("");
}

/**
 * The canonical bundle of everything in two bundles. Of a text every certificate counts that can be found and parsed,
 * even where a byte order mark or a glued line hides it from the agents; what Go cannot parse is left out.
 */
export function unionBundle(a: readonly Certificate[] | string, b: readonly Certificate[] | string): string {
  return bundleOf([...members(a), ...members(b)]);
}

function members(bundle: readonly Certificate[] | string): readonly Certificate[] {
  return typeof bundle === "string" ? certificatesIn(bundle) : bundle;
}

function certificatesIn(text: string): Certificate[] {
  return peoplesPemBlocks(text).flatMap(({ type, bytes }) => {
    const parsed = type === "CERTIFICATE" && bytes !== undefined ? parseX509(bytes) : undefined;
    return parsed?.kind === "parsed" ? [certificateFrom(parsed.certificate)] : [];
  });
}

function compare(a: Certificate, b: Certificate): number {
  return (
    Number(a.selfSigned) - Number(b.selfSigned) ||
    compareText(a.subject, b.subject) ||
    compareText(a.fingerprint, b.fingerprint)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
