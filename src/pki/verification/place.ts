/** Where in a chain a certificate stands, in the words of findings: `leaf`, `intermediate 1`, `anchor CN=Root`. */
import { nameText } from "../x509/name.ts";
import type { X509 } from "../x509/parse.ts";

/** Names the places of the certificates of one verification. */
export class Places {
  readonly #places = new Map<X509, string>();

  /** @param served leaf first, as the server presents them */
  constructor(served: readonly X509[], anchors: readonly X509[]) {
    for (const anchor of anchors) {
      this.#places.set(anchor, `anchor ${titleOf(anchor)}`);
    }
    for (const [index, certificate] of served.entries()) {
      this.#places.set(certificate, index === 0 ? "leaf" : `intermediate ${index}`);
    }
  }

  of(certificate: X509): string {
    return this.#places.get(certificate) ?? titleOf(certificate);
  }
}

/** What people call a certificate: its subject, or its serial number where that is empty. */
export function titleOf(certificate: X509): string {
  return nameText(certificate.subject) || `with serial number ${certificate.serial.toString(16)}`;
}

/** `2026-03-01T12:00:00Z` */
export function timeText(time: Date): string {
  return time.toISOString().replace(".000Z", "Z");
}
