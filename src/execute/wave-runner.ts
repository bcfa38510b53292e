/** Runs the steps of a wave, a few at a time, until they are done or too many have failed. */

import { mapLimited } from "../observe/concurrency.ts";
import type { Stage, Step, Wave } from "../plan/plan.ts";
import { runStep } from "./step-runner.ts";
import type { Halt, Workshop } from "./workshop.ts";

export interface WaveOutcome {
  /** Steps that failed for good in this run. */
  readonly failed: readonly string[];
  /** More failed than the wave allows. */
  readonly overBudget: boolean;
  readonly halt?: Halt;
}

/** Steps in hand are always finished; what is left unstarted is left so when somebody pauses, or too many fail. */
export async function runWave(
  workshop: Workshop,
  stage: Stage,
  wave: Pick<Wave, "concurrency" | "failureBudget"> & { readonly steps: readonly Step[] },
): Promise<WaveOutcome> {
  const { ledger } = workshop.parts;
  const open = wave.steps.filter(({ id }) => ledger.run.steps[id]?.phase !== "done");
  const failed: string[] = [];
  let halt: Halt | undefined;
  await mapLimited(open, wave.concurrency, async (step) => {
    if (halt !== undefined || failed.length > wave.failureBudget || workshop.fatal !== undefined) return;
    halt ??= await haltOf(workshop);
    if (halt !== undefined) return;
    if ((await runStep(workshop, stage, step)) === "failed") failed.push(step.id);
  });
  return { failed, overBudget: failed.length > wave.failureBudget, ...(halt === undefined ? {} : { halt }) };
}

async function haltOf(workshop: Workshop): Promise<Halt | undefined> {
  try {
    return await workshop.halted();
  } catch (error) {
    workshop.fail(error);
    return undefined;
  }
}
