import { FarrierError } from "../../errors.ts";
import type { Scenario } from "./scenario.ts";

export interface WaitOptions {
  /** What is waited for, for the error's sentence. */
  readonly what?: string;
  /** Wall seconds; 60 if not said. */
  readonly seconds?: number;
}

const PERIOD_MS = 10;

/** Wall seconds that a machine may need for the start of Rancher's pods, beside the time that they take themselves. */
const MACHINE_SECONDS = 60;

/** Wall seconds within which a simulated Rancher serves, however long its scenario has it start. */
export function rancherStartSeconds({ rancher, speed }: Pick<Scenario, "rancher" | "speed">): number {
  return MACHINE_SECONDS + rancher.startSeconds[1] / speed;
}

/** Resolves as soon as the condition holds. @throws FarrierError `sandbox.late`, which says what was waited for */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { what = "the condition", seconds = 60 }: WaitOptions = {},
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new FarrierError("sandbox.late", `The simulated estate was waited for in vain: ${what}, for ${seconds} s.`);
    }
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
}
