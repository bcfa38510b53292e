/** Waiting until an agent has *started* evidence for a pin. */
import type { AgentWorkload } from "../estate/agent.ts";
import { startObstacles } from "../estate/agent-state.ts";
import type { Evidence } from "../estate/evidence.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { StepContext, Verification } from "./step-action.ts";

/** Every replica's own pod carries the pin and has outlived its start checks; the answer came through its tunnel. */
export function startedNow(context: StepContext, agent: AgentWorkload, pin: string): boolean {
  return obstacles(context, agent, pin).length === 0;
}

/** @throws ApiError for anything but the deadline, which is an obstruction that names what is missing */
export async function awaitStarted(
  context: StepContext,
  pin: string,
  isNew: (podUid: string) => boolean = () => true,
): Promise<Verification> {
  let last = "its agent could not be looked at";
  try {
    await context.agent.watch(
      pin,
      (agent) => {
        const missing = obstacles(context, agent, pin);
        if (missing.length > 0) last = missing.map(({ why }) => why).join("; ");
        return missing.length === 0 && agent.pods.every(({ uid }) => isNew(uid)) ? true : undefined;
      },
      { deadlineMs: context.remainingMs(), signal: context.signal },
    );
    return { kind: "verified", evidence: [startedEvidence(context, pin)] };
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
