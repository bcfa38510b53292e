/** Waiting until an agent has *started* evidence for a pin. */
import type { AgentWorkload } from "../estate/agent.ts";
import { startObstacles } from "../estate/agent-state.ts";
import type { Evidence } from "../estate/evidence.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Obstruction, StepContext, Verification } from "./step-action.ts";

/** Every replica's own pod carries the pin and has outlived its start checks; the answer came through its tunnel. */
export function startedNow(context: StepContext, agent: AgentWorkload, pin: string): boolean {
  return obstacles(context, agent, pin).length === 0;
}

interface Waiting {
  /** Whether a pod counts; every one where left out. */
  readonly isNew?: (podUid: string) => boolean;
  /** Why waiting has lost its sense. */
  readonly giveUp?: (agent: AgentWorkload) => Obstruction | undefined;
  /** The journal says that the Deployment had the pin before the step did anything. */
  readonly hadPin?: boolean;
}

/**
 * @throws ApiError for anything but the deadline, which is an obstruction that names what is missing; FarrierError
 *   `step.taken-back`
 */
export async function awaitStarted(
  context: StepContext,
  pin: string,
  { isNew = () => true, giveUp = () => undefined, hadPin = false }: Waiting = {},
): Promise<Verification> {
  let last = "its agent could not be looked at";
  try {
    return await context.agent.watch<Verification>(
      pin,
      (agent) => {
        const missing = obstacles(context, agent, pin);
        if (missing.length > 0) last = missing.map(({ why }) => why).join("; ");
        if (missing.length === 0 && agent.pods.every(({ uid }) => isNew(uid))) {
          return { kind: "verified", evidence: [startedEvidence(context, pin)] };
        }
        const by = giveUp(agent);
        return by === undefined ? undefined : { kind: "blocked", by };
      },
      { deadlineMs: context.remainingMs(), signal: context.signal, hadPin },
    );
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== "deadline") throw error;
    return { kind: "blocked", by: { why: last, hint: "Look at the logs of the agent's newest pod." } };
  }
}

export function startedEvidence(context: StepContext, pin: string): Evidence {
  return {
    kind: "started",
    pin,
    at: context.now().toISOString(),
    source: `deployment cattle-system/cattle-cluster-agent of ${context.step.target}`,
  };
}

function obstacles(context: StepContext, agent: AgentWorkload, pin: string) {
  return startObstacles(agent, pin, {
    now: context.now(),
    minReadySeconds: context.plan.armingMinReadySeconds,
    connected: true,
  });
}
