/** `farrier status`: where a rotation stands, by its journal alone; the estate is not asked. */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import type { RotationState } from "../journal/fold.ts";
import type { Plan } from "../plan/plan.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { countSteps, progressLines } from "./render/progress.ts";
import { paint } from "./render/style.ts";

/** Exit 0 whatever the state: looking is always possible. */
export async function runStatus(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  const { openRotation } = await import("../execute/rotation.ts");
  const { plan, planFile, state, journal } = await openRotation(directory);
  if (state === undefined) {
    await printResult(
      format,
      { rotation: plan.rotation, planFile, phase: "planned", stages: [] },
      () =>
        `${plan.rotation} is planned, and ${directory} has no journal. Carry it out with: farrier apply ${commandWord(directory)}\n` +
        `If it was begun and its journal is lost, rebuild that with: farrier adopt ${commandWord(directory)}\n`,
    );
    return EXIT.done;
  }
  const torn = journal.torn === undefined ? [] : [paint("attention", journal.torn)];
  await printResult(format, statusOf(plan, planFile, state), () => {
    const lines = [...progressLines(plan, state, new Date(state.lastAt), process.stdout), ...failures(state), ...torn];
    return `${lines.join("\n")}\n`;
  });
  return EXIT.done;
}

/** The one object of `-o json`. */
function statusOf(plan: Plan, planFile: string, state: RotationState): object {
  const run = state.current;
  return {
    rotation: plan.rotation,
    planFile,
    direction: plan.direction,
    phase: phaseOf(state),
    holder: state.holder,
    lastAt: state.lastAt,
    stage: run.stage,
    stages: plan.stages.map((stage) => ({
      id: stage.id,
      state: run.stages[stage.id] ?? "waiting",
      ...countSteps(stage, run),
    })),
    held: run.held,
    rest: run.rest,
    paused: state.paused,
    waivers: state.waivers,
    failed: Object.entries(run.steps).flatMap(([id, step]) =>
      step.phase === "failed" ? [{ id, ...step.failure }] : [],
    ),
  };
}

function phaseOf(state: RotationState): string {
  if (state.current.finished !== undefined) return "finished";
  if (state.paused !== undefined) return "paused";
  return state.current.held === undefined ? "under way" : "held";
}

function failures(state: RotationState): string[] {
  return Object.entries(state.current.steps).flatMap(([id, step]) =>
    step.phase === "failed"
      ? [`  ${paint("bad", id)}  ${step.failure?.message ?? ""}`, `    ${paint("quiet", step.failure?.hint ?? "")}`]
      : [],
  );
}
