/** How an apply ended, for people: one paragraph that says what to do next. */
import { commandWord } from "../../errors/command-word.ts";
import type { ApplyOutcome } from "../../execute/apply.ts";
import { legible } from "./legible.ts";
import { renderHold } from "./progress.ts";
import { paint } from "./style.ts";
import { wrap } from "./wrap.ts";

/** Ends with a newline. */
export function describeOutcome(outcome: ApplyOutcome, directory: string): string {
  const lines = legible(paragraph(outcome, commandWord(directory))).split("\n");
  return lines.map((line) => wrap(line, line.search(/\S|$/))).join("\n");
}

/** @param typed the rotation's directory as a shell takes it */
function paragraph(outcome: ApplyOutcome, typed: string): string {
  switch (outcome.kind) {
    case "finished":
      return `${paint("good", "Finished.")} ${outcome.worldChanged ? "" : "The estate was already there: nothing was written. "}See farrier report ${typed}\n`;
    case "already-finished":
      return `${paint("good", "Already finished.")} Nothing was written.\n`;
    case "held":
      return `${paint("attention", `Held at the gate of ${outcome.stage}.`)} The estate may stay like this. When this is mended: farrier apply ${typed}\n${outcome.holds.flatMap((hold) => renderHold(hold, process.stdout)).join("\n")}\n`;
    case "halted":
      return describeHalt(outcome, typed);
    case "resting":
      return `${paint("attention", "Resting")} until ${outcome.until}. The estate may stay like this. Go on then with: farrier apply ${typed}\n`;
    case "failed":
      return `${paint("bad", `Stage ${outcome.stage} failed.`)} Nothing more was done. Failed: ${outcome.steps.join(", ")}\nfarrier status ${typed} says why. Mend it and go on with farrier apply ${typed}, or go back with farrier rollback ${typed}\n`;
  }
}

function describeHalt(outcome: Extract<ApplyOutcome, { kind: "halted" }>, typed: string): string {
  const { halt, stage } = outcome;
  switch (halt.kind) {
    case "interrupted":
      return `${paint("attention", `Interrupted in ${stage}.`)} All is recorded. Go on with: farrier apply ${typed}\n`;
    case "paused":
      return `${paint("attention", `Paused in ${stage}`)} by ${halt.by}: ${halt.why}. Go on with: farrier resume ${typed}\n`;
  }
}
