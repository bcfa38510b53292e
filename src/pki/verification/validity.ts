/** Is a certificate good by itself, at its place in the chain? Go's `isValid` (crypto/x509/verify.go). */
import { type Finding, finding } from "../../findings.ts";
import type { X509 } from "../x509/parse.ts";
import { type Places, timeText, titleOf } from "./place.ts";

export type Role = "leaf" | "intermediate" | "anchor";

export interface Position {
  readonly role: Role;
  /** How many certificates stand below, the leaf included. */
  readonly below: number;
  readonly at: Date;
  readonly places: Places;
}

/** Everything that Go would refuse; Go itself stops at the first. Key usage is ignored here, as Go does on purpose. */
export function validityFaults(certificate: X509, position: Position): Finding[] {
  return [
    criticalExtension(certificate, position),
    timeFault(certificate, position),
    missingAuthority(certificate, position),
    pathLength(certificate, position),
  ].filter((fault) => fault !== undefined);
}

function criticalExtension(certificate: X509, { places }: Position): Finding | undefined {
  const [first] = certificate.unhandledCritical;
  return first === undefined
    ? undefined
    : finding(
        "chain.critical-extension",
        places.of(certificate),
        `${titleOf(certificate)} has the critical extension ${certificate.unhandledCritical.join(", ")}, which Go does not (fully) understand.`,
      );
}

function timeFault(certificate: X509, { at, places }: Position): Finding | undefined {
  const place = places.of(certificate);
  if (at.getTime() < certificate.notBefore.getTime()) {
    return finding(
      "chain.not-yet-valid",
      place,
      `${titleOf(certificate)} is valid only from ${timeText(certificate.notBefore)}; the time is ${timeText(at)}.`,
    );
  }
  if (at.getTime() > certificate.notAfter.getTime()) {
    return finding(
      "chain.expired",
      place,
      `${titleOf(certificate)} expired at ${timeText(certificate.notAfter)}; the time is ${timeText(at)}.`,
    );
  }
  return undefined;
}

function missingAuthority(certificate: X509, { role, places }: Position): Finding | undefined {
  return role === "intermediate" && !certificate.basicConstraints?.isCa
    ? finding("chain.not-a-ca", places.of(certificate), `${titleOf(certificate)} does not say that it is a CA.`)
    : undefined;
}

/** Go counts every certificate between, self-issued ones too, which RFC 5280 would not. */
function pathLength(certificate: X509, { below, places }: Position): Finding | undefined {
  const limit = certificate.basicConstraints?.maxPathLength;
  return limit !== undefined && below - 1 > limit
    ? finding(
        "chain.path-length",
        places.of(certificate),
        `${titleOf(certificate)} allows ${limit} intermediates below it, and there are ${below - 1}.`,
      )
    : undefined;
}
