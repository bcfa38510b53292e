/** How an apply ended, for people: one paragraph that says what to do next. */
import type { ApplyOutcome } from "../../execute/apply.ts";
import { legible } from "./legible.ts";
import { renderHold } from "./progress.ts";
import { paint } from "./style.ts";
import { wrap } from "./wrap.ts";

/** Ends with a newline. */
export function describeOutcome(outcome: ApplyOutcome, directory: string): string {
  const lines = legible(paragraph(outcome, directory)).split("\n");
  return lines.map((line) => wrap(line, line.search(/\S|$/))).join("\n");
}

function paragraph(outcome: ApplyOutcome, directory: string): string {
  switch (outcome.kind) {
    case "finished":
      return `${paint("good", "Finished.")} ${outcome.worldChanged ? "" : "The estate was already there: nothing was written. "}See farrier report ${directory}\n`;
    case "already-finished":
      return `${paint("good", "Already finished.")} Nothing was written.\n`;
    case "held":
      return `${paint("attention", `Held at the gate of ${outcome.stage}.`)} The estate may stay like this. When this is mended: farrier apply ${directory}\n${outcome.holds.flatMap((hold) => renderHold(hold, process.stdout)).join("\n")}\n`;
    case "halted":
      return describeHalt(outcome, directory);
    case "resting":
      return `${paint("attention", "Resting")} until ${outcome.until}. The estate may stay like this. Go on then with: farrier apply ${directory}\n`;
    case "failed":
      return `${paint("bad", `Stage ${outcome.stage} failed.`)} Nothing more was done. Failed: ${outcome.steps.join(", ")}\nfarrier status ${directory} says why. Mend it and go on with farrier apply ${directory}, or go back with farrier rollback ${directory}\n`;
  }
}

function describeHalt(outcome: Extract<ApplyOutcome, { kind: "halted" }>, directory: string): string {
  const { halt, stage } = outcome;
  switch (halt.kind) {
    case "interrupted":
      return `${paint("attention", `Interrupted in ${stage}.`)} All is recorded. Go on with: farrier apply ${directory}\n`;
    case "paused":
      return `${paint("attention", `Paused in ${stage}`)} by ${halt.by}: ${halt.why}. Go on with: farrier resume ${directory}\n`;
  }
}
