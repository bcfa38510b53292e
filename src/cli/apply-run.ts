/** Runs a rotation in front of a person (or a script): progress, interruption, and how it ended. */
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import { type ApplyOptions, type ApplyOutcome, applyRotation } from "../execute/apply.ts";
import type { JournalObserver } from "../execute/journal-store.ts";
import { openRotation } from "../execute/rotation.ts";
import { type RotationState, startFold } from "../journal/fold.ts";
import type { World } from "../observe/world.ts";
import { DocumentLines } from "./document-lines.ts";
import { listenForInterruption } from "./interruption.ts";
import { parseOutputFormat } from "./output.ts";
import { progressView } from "./render/live.ts";
import { describeOutcome } from "./render/outcome.ts";
import type { Settings } from "./settings.ts";

export interface RunRequest {
  readonly directory: string;
  readonly world: World;
  readonly settings: Settings;
  readonly options: Readonly<Record<string, unknown>>;
  /** A stored rollback to begin. */
  readonly planFile?: string;
}

/** Applies, shows, and prints the result; the exit code says how it ended. */
export async function runApplying(request: RunRequest): Promise<ExitCode> {
  const { directory, world, settings, options, planFile } = request;
  const format = parseOutputFormat(String(options.output));
  const rotation = await openRotation(directory, planFile);
  const fold = startFold();
  for (const entry of rotation.journal.entries) fold.add(entry);
  const view = format === "table" ? progressView(rotation.plan) : undefined;
  const lines = new DocumentLines(format);
  const observer: JournalObserver = {
    afterFlush: (entry) => {
      fold.add(entry);
      lines.add(entry);
      if (view !== undefined && fold.state !== undefined) view.show(entry, fold.state);
    },
  };
  const interruption = listenForInterruption((sentence) => {
    if (view === undefined) process.stderr.write(`${sentence}\n`);
    else view.note(sentence);
  });
  try {
    const outcome = await applyRotation({
      directory,
      world,
      identity: settings.identityFile === undefined ? {} : { identityFile: settings.identityFile },
      ...(planFile === undefined ? {} : { planFile }),
      takeOver: options.takeOver === true,
      ...gateWait(options, settings),
      stop: interruption.stop,
      abort: interruption.abort,
      observers: [observer],
    });
    view?.end();
    if (format === "table") process.stdout.write(describeOutcome(outcome, directory));
    lines.add(result(outcome, fold.state));
    return EXIT_OF[outcome.kind];
  } catch (error) {
    view?.end();
    if (!interruption.abort.aborted) throw error;
    process.stderr.write(`Stopped at once. Go on with: farrier apply ${commandWord(directory)}\n`);
    lines.add(result({ kind: "stopped" }, fold.state));
    return EXIT.held;
  } finally {
    lines.flush();
    interruption.release();
  }
}

function gateWait(options: RunRequest["options"], settings: Settings): Pick<ApplyOptions, "gateWaitSeconds"> {
  const seconds = options.gateWait === undefined ? settings.gateWaitSeconds : Number(options.gateWait);
  if (seconds === undefined) return {};
  if (seconds >= 0) return { gateWaitSeconds: seconds };
  throw new FarrierError(
    "input.invalid",
    `--gate-wait must be a number of seconds, not "${String(options.gateWait)}".`,
  );
}

/** The last line of `-o json`. `stopped`: interrupted twice, in the middle of a step. */
function result(outcome: ApplyOutcome | { readonly kind: "stopped" }, state: RotationState | undefined): object {
  return { type: "result", outcome, direction: state?.current.direction };
}

const EXIT_OF = {
  finished: EXIT.done,
  "already-finished": EXIT.done,
  held: EXIT.held,
  halted: EXIT.held,
  resting: EXIT.held,
  failed: EXIT.failed,
} as const satisfies Record<ApplyOutcome["kind"], ExitCode>;
