/** An agent that lets go of its pin, and does not come up so: nobody has to wait for it until the deadline. */
import type { AgentWorkload } from "../estate/agent.ts";
import { waitingPods } from "../estate/agent-state.ts";
import { usesSystemStore } from "../plan/system-store.ts";
import { epochOf, type Obstruction, type StepContext } from "./step-action.ts";

/** So often a pod ends at its start before it is concluded that it always will. */
const MOST_RESTARTS = 4;

/**
 * A pod with a pin may wait for its bundle. One without has nothing to wait for: it ends because its system's own store does
 * not accept the certificate, or because it verifies strictly. The old pod serves on meanwhile.
 *
 * @returns undefined in an epoch that has a bundle, and while it may still come up
 */
export function refusedWithoutPin(context: StepContext, agent: AgentWorkload): Obstruction | undefined {
  const epoch = epochOf(context);
  if (!usesSystemStore(epoch)) return undefined;
  const pod = waitingPods(agent, epoch.pin).find(({ restarts }) => restarts >= MOST_RESTARTS);
  if (pod === undefined) return undefined;
  return {
    why: `its new pod ${pod.name} ends at its start again and again: without a bundle of Rancher's the agent does not accept the certificate`,
    hint: "Look at that pod's log. Its image may be older than the public root, or STRICT_VERIFY is true; the old pod serves on. farrier rollback leads back, farrier waive leaves the cluster behind.",
  };
}
