/**
 * An agent's pin that was set, and that somebody else has taken back while its step waits: Rancher re-applies its own
 * manifest, with the pin of what it serves, whenever somebody has it redeploy the agent; people and controllers do it, too.
 *
 * It is concluded from a newer object only. What Rancher is asked to set comes later than the asking, and an answer may be
 * older than the write that it follows: neither has been taken back.
 */
import { FarrierError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/object.ts";

/** A pin, and the Deployment or DaemonSet as it was with it. */
export interface Given {
  readonly pin: string;
  readonly object: KubeObject;
}

/**
 * Whether an object that lacks a pin is a later state of one that was given it.
 * @param pin that is waited for
 */
export function isTakenBack(given: Given | undefined, pin: string, found: KubeObject): boolean {
  if (given?.pin !== pin) return false;
  const before = given.object.metadata;
  // Each change of a specification counts one more; another object of that name begins anew.
  if (before.uid !== found.metadata.uid) return true;
  return generationOf(found) > generationOf(given.object);
}

function generationOf({ metadata }: KubeObject): number {
  return metadata.generation ?? 0;
}

/** @param workload with its kind. @param found the pin that is there instead */
export function takenBack(server: string, workload: string, found: string): FarrierError {
  const now = found === "" ? "none" : found;
  return new FarrierError(
    "step.taken-back",
    `Somebody has taken back the pin that ${workload} of ${server} was given: it has ${now} now.`,
  );
}

/** What a watch is answered: what is waited for, or that waiting has lost its sense. */
export type Seen<T> = { readonly answer: T } | { readonly takenBack: FarrierError };

/** @param answer undefined while what is waited for has not come */
export function seen<T>(answer: T | undefined): Seen<T> | undefined {
  return answer === undefined ? undefined : { answer };
}

/** Of a watch that has ended, or of a look. @throws FarrierError `step.taken-back` */
export function answerOf<T>(found: Seen<T>): T {
  if ("takenBack" in found) throw found.takenBack;
  return found.answer;
}
