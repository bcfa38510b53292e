/**
 * An agent's pin that was set, and that somebody else has taken back while its step waits: Rancher re-applies its own
 * manifest, with the pin of what it serves, whenever somebody has it redeploy the agent; people and controllers do it, too.
 *
 * It is concluded from a newer Deployment only. What Rancher is asked to set comes later than the asking, and an answer
 * may be older than the write that it follows: neither has been taken back.
 */
import { FarrierError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { AGENT } from "../rancher/agent-workload.ts";

/** A pin, and the Deployment as it was with it. */
export interface Given {
  readonly pin: string;
  readonly deployment: KubeObject;
}

/**
 * Whether a Deployment that lacks a pin is a later state of one that was given it.
 * @param pin that is waited for
 */
export function isTakenBack(given: Given | undefined, pin: string, found: KubeObject): boolean {
  if (given?.pin !== pin) return false;
  const before = given.deployment.metadata;
  // Each change of a specification counts one more; another Deployment of that name begins anew.
  if (before.uid !== found.metadata.uid) return true;
  return generationOf(found) > generationOf(given.deployment);
}

function generationOf({ metadata }: KubeObject): number {
  return metadata.generation ?? 0;
}

/** @param found the pin that is there instead */
export function takenBack(server: string, found: string): FarrierError {
  const now = found === "" ? "none" : found;
  return new FarrierError(
    "step.taken-back",
    `Somebody has taken back the pin that the agent of ${server} was given: Deployment ${AGENT.deployment} has ${now} now.`,
  );
}
