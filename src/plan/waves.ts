/** Steps → waves: a canary first, then wave by wave. */
import type { PlanOptions } from "./options.ts";
import type { Step, Wave } from "./plan.ts";

/**
 * Canary and waves of a stage over clusters, in the order of the steps given.
 * A stage without steps has no waves.
 */
export function wavesOf(stageId: string, steps: readonly Step[], options: PlanOptions): Wave[] {
  const canary = canaryOf(steps, options);
  const others = steps.filter((step) => !canary.includes(step));
  const waves = canary.length === 0 ? [] : [wave(`${stageId}/canary`, canary, options, 0)];
  for (let from = 0; from < others.length; from += options.waveSize) {
    const part = others.slice(from, from + options.waveSize);
    waves.push(wave(`${stageId}/wave-${from / options.waveSize + 1}`, part, options, budgetOf(part, options)));
  }
  return waves;
}

/** One wave with all the steps: for what clusters mostly do by themselves, or for the only step of a stage. */
export function onceWave(stageId: string, steps: readonly Step[], options: PlanOptions): Wave[] {
  if (steps.length === 0) return [];
  const budget = steps.length === 1 ? 0 : budgetOf(steps, options);
  const watching = { ...options, concurrency: options.spreadConcurrency, soakSeconds: 0 };
  return [wave(`${stageId}/once`, steps, watching, budget)];
}

/** Steps of Rancher itself, or of a proof: one after the other, and none may fail. */
export function strictWave(id: string, steps: readonly Step[]): Wave {
  return { id, canary: false, failureBudget: 0, concurrency: 1, soakSeconds: 0, steps: [...steps] };
}

/** The steps of the canary: those of the clusters chosen, or else the first. */
export function canaryOf(steps: readonly Step[], options: PlanOptions): Step[] {
  const chosen = steps.filter(({ target }) => options.canary.includes(target));
  return chosen.length > 0 ? chosen : steps.slice(0, 1);
}

function wave(id: string, steps: readonly Step[], options: PlanOptions, failureBudget: number): Wave {
  const { concurrency, soakSeconds } = options;
  return { id, canary: id.endsWith("/canary"), failureBudget, concurrency, soakSeconds, steps: [...steps] };
}

function budgetOf(steps: readonly Step[], options: PlanOptions): number {
  return options.failureBudget ?? Math.max(1, Math.floor(steps.length / 10));
}
