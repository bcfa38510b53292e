/** Runs the steps of a wave, a few at a time, until they are done or too many have failed. */

import { mapLimited } from "../observe/concurrency.ts";
import { isWaived } from "../plan/gates/evaluate-gate.ts";
import type { Stage, Step, Wave } from "../plan/plan.ts";
import { ROTATION } from "./ledger.ts";
import { runStep } from "./step-runner.ts";
import type { Halt, Workshop } from "./workshop.ts";

export interface WaveOutcome {
  /** Steps that failed for good in this run, but for those of clusters that are left behind by a person's word. */
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
  const { ledger, now } = workshop.parts;
  const waived = ({ target }: Step): boolean => isWaived(target, ledger.waivers, now());
  const open = wave.steps.filter(({ id }) => ledger.run.steps[id]?.phase !== "done");
  const failed: string[] = [];
  let halt: Halt | undefined;
  await mapLimited(open, wave.concurrency, async (step) => {
    if (halt !== undefined || failed.length > wave.failureBudget || workshop.fatal !== undefined) return;
    halt ??= await haltOf(workshop);
    if (halt !== undefined) return;
    if (waived(step) && (await leaveBehind(workshop, step))) return;
    if ((await runStep(workshop, stage, step)) === "failed" && !waived(step)) failed.push(step.id);
  });
  return { failed, overBudget: failed.length > wave.failureBudget, ...(halt === undefined ? {} : { halt }) };
}

/**
 * A waived cluster is brought along as far as it comes; where a step of it has failed already, the others don't wait
 * for more of the same. What was armed is settled all the same.
 */
async function leaveBehind(workshop: Workshop, step: Step): Promise<boolean> {
  const { ledger } = workshop.parts;
  const own = Object.entries(ledger.run.steps).filter(([id]) => id !== step.id && id.startsWith(`${step.target}/`));
  const failed = own.find(([id, { phase }]) => phase === "failed" && !isOver(workshop, step, id));
  if (failed === undefined) return false;
  const settles = step.kind === "settle-agent" || step.kind === "settle-node-agents";
  if (settles && own.some(([, { phase }]) => phase === "done")) return false;
  const text = `Step ${step.id} is left out: its cluster is waived, and ${failed[0]} failed.`;
  try {
    await ledger.append(ROTATION, { type: "noted", data: { text } });
  } catch (error) {
    workshop.fail(error);
  }
  return true;
}

/**
 * An agent that could not be armed before a flag day, since it was cut off already, is moved after it by a way past Rancher:
 * that arming failed shows nothing about that.
 */
function isOver({ parts: { plan, world } }: Workshop, step: Step, failed: string): boolean {
  const arming = /\/arm-(node-)?agents?@/;
  if (plan.procedure !== "replace" || !arming.test(failed) || arming.test(step.id)) return false;
  return world.reaches.given(step.target).length > 0;
}

async function haltOf(workshop: Workshop): Promise<Halt | undefined> {
  try {
    return await workshop.halted();
  } catch (error) {
    workshop.fail(error);
    return undefined;
  }
}
