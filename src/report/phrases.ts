/** Wording that the report's formats share. */
import type { Report } from "./report.ts";

type Cell = Report["consumers"][number]["cells"][number];

/** `started, seen 08:31:02` */
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

/** `08:31:02Z` of an ISO time; a dash when there is none. */
export function shortTime(iso: string | undefined): string {
  return iso === undefined ? "–" : `${iso.slice(11, 19)}Z`;
}

/** `1 min 5 s` between entering and finishing a stage. */
export function duration(stage: {
  readonly enteredAt?: string | undefined;
  readonly doneAt?: string | undefined;
}): string {
  if (stage.enteredAt === undefined || stage.doneAt === undefined) return "–";
  const seconds = Math.max(0, (Date.parse(stage.doneAt) - Date.parse(stage.enteredAt)) / 1000);
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
