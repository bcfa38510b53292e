/** Puts a rotation's progress on a terminal (redrawn in place) or, elsewhere, into plain lines. Always on stderr. */
import { stripVTControlCharacters } from "node:util";
import type { JournalEntry } from "../../journal/entry.ts";
import type { RotationState } from "../../journal/fold.ts";
import type { Plan } from "../../plan/plan.ts";
import { oneLine } from "./legible.ts";
import { progressLines } from "./progress.ts";
import { paint } from "./style.ts";
import { displayWidth } from "./width.ts";
import { workOf } from "./work.ts";

/** Receives every journal entry with the state after it. */
export interface ProgressView {
  show(entry: JournalEntry, state: RotationState): void;
  /** A sentence for the person that is in no journal. */
  note(sentence: string): void;
  /** Leaves the last picture on the screen and stops redrawing. */
  end(): void;
}

const REDRAW_MILLISECONDS = 120;

/** A live picture when `stream` is a terminal, plain lines when it is not. */
export function progressView(plan: Plan, stream: NodeJS.WriteStream = process.stderr): ProgressView {
  return stream.isTTY ? livePicture(plan, stream) : plainLines(plan, stream);
}

function livePicture(plan: Plan, stream: NodeJS.WriteStream): ProgressView {
  let latest: RotationState | undefined;
  let drawn = 0;
  let note: string | undefined;
  const draw = (): void => {
    if (latest === undefined) return;
    const columns = stream.columns ?? 80;
    const notes = note === undefined ? [] : [paint("attention", note, stream)];
    const whole = [...progressLines(plan, latest, new Date(), stream), ...notes];
    const lines = cutPicture(whole, stream.rows ?? 24).map((line) => cutLine(line, columns));
    const up = drawn === 0 ? "" : `\u001b[${drawn}A`;
    stream.write(`${up}\r\u001b[J${lines.join("\n")}\n`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, REDRAW_MILLISECONDS);
  timer.unref();
  return {
    show: (_entry, state) => {
      latest = state;
    },
    note: (sentence) => {
      note = sentence;
    },
    end: () => {
      clearInterval(timer);
      note = undefined;
      draw();
    },
  };
}

/** What is above the top of the screen cannot be redrawn, so a picture that is too high loses lines before its last. */
function cutPicture(lines: readonly string[], rows: number): readonly string[] {
  const room = Math.max(rows - 1, 3);
  if (lines.length <= room) return lines;
  const left = lines.length - room + 1;
  return [...lines.slice(0, room - 2), `… ${left} more lines; farrier status shows all`, ...lines.slice(-1)];
}

/** A line that would wrap breaks the redrawing, so it is cut (colours are dropped from a cut line). */
function cutLine(line: string, columns: number): string {
  const shown = oneLine(line);
  if (displayWidth(shown) < columns) return shown;
  let text = "";
  for (const character of stripVTControlCharacters(shown)) {
    if (displayWidth(text + character) > columns - 2) break;
    text += character;
  }
  return `${text}…`;
}

function plainLines(plan: Plan, stream: NodeJS.WriteStream): ProgressView {
  return {
    show: (entry) => {
      const line = entry.type === "plan-begun" ? `${workOf(plan)} begun` : plainLine(entry, stream);
      if (line !== undefined) stream.write(`${entry.at.slice(11, 19)}  ${oneLine(line)}\n`);
    },
    note: (sentence) => {
      stream.write(`${sentence}\n`);
    },
    end: () => undefined,
  };
}

/** Reasons that other sentences repeat have no full stop. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** The entries that a person reading a log wants; a step that goes well is not one of them. */
function plainLine(
  entry: Exclude<JournalEntry, { type: "plan-begun" }>,
  stream: NodeJS.WriteStream,
): string | undefined {
  switch (entry.type) {
    case "continued":
      return `continued (${entry.data.how})`;
    case "stage-entered":
      return `${entry.data.stage}  entered`;
    case "stage-done":
      return `${entry.data.stage}  ${paint("good", "done", stream)}`;
    case "gate-held":
      return `${entry.data.stage}  ${paint("attention", "held", stream)}: ${entry.data.holds.map((hold) => `${hold.target} (${hold.why})`).join("; ")}`;
    case "rest-begun":
      return `${entry.data.stage}  rests until ${entry.data.until}`;
    case "step-retried":
      return `${entry.step ?? entry.target}  tries again: ${entry.data.failure.message}`;
    case "step-failed":
      return `${entry.step ?? entry.target}  ${paint("bad", "failed", stream)}: ${sentence(entry.data.message)} ${entry.data.hint}`;
    case "paused":
      return `paused by ${entry.data.by}: ${entry.data.why}`;
    case "waived":
      return `${entry.data.clusterId}  waived by ${entry.data.by}: ${entry.data.reason}`;
    case "noted":
      return entry.data.text;
    case "endpoint-renewed":
      return `${entry.target}  its authorized endpoint has another kubeconfig`;
    case "plan-finished":
      return paint("good", "finished", stream);
    case "gate-passed":
    case "step-added":
    case "step-started":
    case "step-applied":
    case "step-done":
    case "unpaused":
      return undefined;
  }
}
