const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** When a new certificate is valid. `notBefore` and `notAfter` win over what follows from `now` and `days`. */
export interface Lifetime {
  /** The moment of issuing. The certificate is backdated one hour, for machines whose clocks are late. */
  readonly now: Date;
  /** Days from `now` to the end. */
  readonly days?: number;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/**
 * Both ends in whole seconds, as X.509 has it.
 * @param latest what the end is cut to unless the caller gave it: a certificate should not outlive its issuer
 */
export function validity(
  lifetime: Lifetime,
  defaultDays: number,
  latest?: Date,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const start = lifetime.notBefore?.getTime() ?? lifetime.now.getTime() - HOUR;
  const wanted = lifetime.now.getTime() + (lifetime.days ?? defaultDays) * DAY;
  const end = lifetime.notAfter?.getTime() ?? Math.min(wanted, latest?.getTime() ?? Number.POSITIVE_INFINITY);
  return { notBefore: wholeSecond(start), notAfter: wholeSecond(end) };
}

function wholeSecond(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1000) * 1000);
}
