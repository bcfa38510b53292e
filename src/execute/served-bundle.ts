/** Whether every replica of Rancher serves a bundle, asked anew on fresh connections. */
import { ApiError } from "../kubernetes/api-error.ts";
import { settingValueOf } from "../pki/pin.ts";
import { pauseFor } from "./pause-for.ts";
import type { StepContext } from "./step-action.ts";

const PAUSE_MS = 150;

/**
 * Asks until the bundle was given `times` times in a row, or `patienceMs` have passed with an answer that was another.
 * Answers that mean "not ready" (502, 503, a proxy's page) count as no answer.
 */
export async function servesBundle(
  context: StepContext,
  bundle: string,
  { times, patienceMs }: { readonly times: number; readonly patienceMs: number },
): Promise<boolean> {
  const expected = settingValueOf(bundle);
  const end = Date.now() + Math.min(patienceMs, context.remainingMs());
  for (let inRow = 0; inRow < times; ) {
    context.signal.throwIfAborted();
    const answer = await ask(context);
    inRow = answer === expected ? inRow + 1 : 0;
    if (inRow < times && Date.now() > end) return false;
    if (inRow < times) await pauseFor(PAUSE_MS, context.signal);
  }
  return true;
}

async function ask(context: StepContext): Promise<string | undefined> {
  try {
    return (await context.world.rancher.cacerts()).value;
  } catch (error) {
    if (error instanceof ApiError && error.transient) return undefined;
    throw error;
  }
}
