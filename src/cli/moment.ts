/** Days and moments as people write them on the command line. */
import { FarrierError } from "../errors.ts";

/** RFC 3339, or a day alone. A time without zone would depend on the machine. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * @param day what a day alone means: its first second or its last, in UTC
 * @throws FarrierError `input.invalid`
 */
export function parseMoment(text: string, day: "first" | "last" = "first"): Date {
  const date = MOMENT.exec(text)?.[1];
  const moment = new Date(text === date && day === "last" ? `${text}T23:59:59Z` : text);
  if (date !== undefined && !Number.isNaN(moment.getTime()) && isInCalendar(date)) return moment;
  throw new FarrierError("input.invalid", `"${text}" is not a time.`, {
    hint: "Write it as 2027-01-31 or 2027-01-31T12:00:00Z.",
  });
}

/** JavaScript turns 30 February into 2 March. */
function isInCalendar(date: string): boolean {
  return new Date(date).toISOString().startsWith(date);
}
