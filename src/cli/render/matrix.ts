/** The trust matrix for people: a line for each consumer, a column for each bundle. */
import type { Estate } from "../../estate/estate.ts";
import type { MatrixRow } from "../../estate/trust-matrix.ts";
import type { Plan } from "../../plan/plan.ts";
import { shortPin } from "./estate.ts";
import { type Meaning, paint } from "./style.ts";
import { renderTable } from "./table.ts";

const MEANING = {
  started: "good",
  armed: "attention",
  declared: "attention",
  unproved: "bad",
  none: "quiet",
} as const satisfies Record<MatrixRow["cells"][number]["state"], Meaning>;

/** Ends with a newline. */
export function renderMatrix(rows: readonly MatrixRow[], plan: Plan, estate: Estate): string {
  const served = plan.epochs.find((epoch) => epoch.pin === estate.trust.pin)?.name;
  const headings = plan.epochs.map((epoch) => `${epoch.name.toUpperCase()} ${shortPin(epoch.pin)}`);
  const table = renderTable(
    ["CLUSTER", "NAME", "CONSUMER", ...headings],
    rows.map((row) => [row.consumer.clusterId, row.clusterName, row.consumer.kind, ...row.cells.map(describe)]),
  );
  const serves =
    served === undefined
      ? "Rancher serves a bundle that is none of the plan's."
      : estate.trust.pin === ""
        ? `Rancher serves no bundle, as in ${paint("strong", served)}.`
        : `Rancher serves the bundle ${paint("strong", served)}.`;
  return `${serves}\n\n${table}`;
}

function describe(cell: MatrixRow["cells"][number]): string {
  const word = cell.state === "none" ? "–" : cell.state;
  const kinds = cell.evidence.map((one) => one.kind).filter((kind) => kind !== cell.state);
  const also = kinds.length === 0 ? "" : ` (${[...new Set(kinds)].join(", ")})`;
  return paint(MEANING[cell.state], `${word}${also}`);
}
