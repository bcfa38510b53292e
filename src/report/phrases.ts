/** Wording that the report's formats share. */
import type { Report } from "./report.ts";

type Cell = Report["consumers"][number]["cells"][number];

/** `started, seen 2026-11-23 08:31:02Z` */
export function describeCell(cell: Cell): string {
  const latest = cell.evidence
    .map((one) => one.at)
    .sort()
    .at(-1);
  return latest === undefined ? wordFor(cell.state) : `${wordFor(cell.state)}, seen ${shortTime(latest)}`;
}

function wordFor(state: Cell["state"]): string {
  return state === "none" ? "–" : state;
}

/** `2026-11-23 08:31:02Z` of an ISO time, since a rotation may rest for months; a dash when there is none. */
export function shortTime(iso: string | undefined): string {
  return iso === undefined ? "–" : `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
}

/** `0.2 s`, `1 min 5 s`, `3 h 20 min` or `12 d 4 h` between entering and finishing a stage. */
export function duration(stage: {
  readonly enteredAt?: string | undefined;
  readonly doneAt?: string | undefined;
}): string {
  if (stage.enteredAt === undefined || stage.doneAt === undefined) return "–";
  const seconds = Math.max(0, (Date.parse(stage.doneAt) - Date.parse(stage.enteredAt)) / 1000);
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < HOUR) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / 60)} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/**
 * Text from outside without what steers the program that shows it: a name may hold control characters, or those that
 * change the direction of writing, and a report is also read with `cat`. Line ends stay.
 */
export function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    /[\n\r\t]/.test(character) ? character : "\ufffd",
  );
}
