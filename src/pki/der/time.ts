/** UTCTime and GeneralizedTime as Go's `cryptobyte` reads them: a strict layout that must survive a round trip. */
import { type DerReader, TAG } from "./reader.ts";

/** One of the two kinds of time; UTCTime years 50–99 are 1950–1999 (RFC 5280 §4.1.2.5.1). */
export function readTime(reader: DerReader, what: string): Date {
  if (reader.next(TAG.utcTime)) {
    return decoded(reader, what, TAG.utcTime, /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{4})$/);
  }
  if (reader.next(TAG.generalizedTime)) {
    return decoded(reader, what, TAG.generalizedTime, /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(Z|[+-]\d{4})$/);
  }
  return reader.refuse(`${what}: neither a UTCTime nor a GeneralizedTime`, "unexpected-tag");
}

function decoded(reader: DerReader, what: string, tag: number, layout: RegExp): Date {
  const text = Buffer.from(reader.element(tag, what).contents).toString("latin1");
  const parts = layout.exec(text);
  const time = parts === null ? undefined : instant(parts, tag === TAG.utcTime);
  return time ?? reader.refuse(`${what}: ${JSON.stringify(text)} is not a valid time`);
}

function instant(parts: RegExpExecArray, shortYear: boolean): Date | undefined {
  const [year, month, day, hour, minute] = parts.slice(1, 6).map(Number);
  const second = Number(parts[6] ?? "0");
  const offset = offsetMinutes(parts[7] ?? "Z");
  if (year === undefined || month === undefined || day === undefined || hour === undefined || minute === undefined) {
    return undefined;
  }
  if (offset === undefined || hour > 23 || minute > 59 || second > 59) {
    return undefined;
  }
  const time = new Date(0);
  time.setUTCFullYear(shortYear ? year + (year >= 50 ? 1900 : 2000) : year, month - 1, day);
  if (month < 1 || time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day) {
    return undefined;
  }
  time.setUTCHours(hour, minute - offset, second);
  return time;
}

/** Go writes a zero offset as `Z`, so `+0000` does not survive its round trip; 24 hours do, 60 minutes do not. */
function offsetMinutes(zone: string): number | undefined {
  if (zone === "Z") {
    return 0;
  }
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3, 5));
  if (hours > 24 || minutes > 59 || (hours === 0 && minutes === 0)) {
    return undefined;
  }
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
