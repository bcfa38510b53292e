/**
 * Arms a cluster: its agent's Deployment straddles the pin that is served and the next one. The old pod serves on; a
 * new one waits, because its start check fails until the next bundle is served.
 */
import { z } from "zod";
import type { AgentWorkload } from "../../estate/agent.ts";
import { armingObstacles } from "../../estate/agent-state.ts";
import type { Evidence } from "../../estate/evidence.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { startedEvidence, startedNow } from "../agent-started.ts";
import { Hindrance } from "../hindrance.ts";
import {
  epochOf,
  erased,
  type Observation,
  type Obstruction,
  type StepContext,
  type Verification,
} from "../step-action.ts";

const beforeSchema = z.object({ pin: z.string(), minReadySeconds: z.number().int() });
type Before = z.infer<typeof beforeSchema>;

export const armAgent = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 180,
  readsAnew: true,

  async observe(context): Promise<Observation<Before>> {
    const agent = await context.agent.lookAtDeployment();
    if (agent === undefined)
      return blocked(
        "its agent's Deployment is missing",
        "Bring its agent back (farrier restore of a backup, or Rancher's registration command), or leave the cluster behind with farrier waive.",
      );
    // Pods can be right only under a Deployment that carries the pin already.
    const evidence = agent.pin === epochOf(context).pin ? await evidenceNow(context) : undefined;
    if (evidence !== undefined) return { kind: "done", evidence: [evidence] };
    if (agent.paused) {
      return blocked(
        "somebody has paused its agent's rollout",
        "kubectl rollout resume, once it is clear who paused it.",
      );
    }
    return { kind: "todo", before: { pin: agent.pin, minReadySeconds: agent.minReadySeconds } };
  },

  async apply(context, before) {
    const { pin } = epochOf(context);
    await context.agent.change({
      pin,
      minReadySeconds: Math.max(before.minReadySeconds, context.plan.armingMinReadySeconds),
      expectedPins: [before.pin, pin],
    });
  },

  async verify(context, before): Promise<Verification> {
    const { pin } = epochOf(context);
    const hindrance = new Hindrance(pin);
    try {
      const outcome = await context.agent.watchSoon<Verification>(
        pin,
        (agent) => {
          hindrance.see(agent);
          const minReadySeconds = Math.max(before.minReadySeconds, context.plan.armingMinReadySeconds);
          const obstacles = armingObstacles(agent, pin, minReadySeconds);
          if (obstacles.length > 0) {
            hindrance.missing = obstacles.map(({ why }) => why).join("; ");
            return undefined;
          }
          return { kind: "verified", evidence: [armedEvidence(context)] };
        },
        { deadlineMs: context.remainingMs(), signal: AbortSignal.any([context.signal, hindrance.signal]) },
      );
      return outcome;
    } catch (error) {
      if (hindrance.found !== undefined) return { kind: "blocked", by: hindrance.found };
      if (error instanceof ApiError && error.kind === "deadline") return { kind: "blocked", by: tooLate(hindrance) };
      throw error;
    } finally {
      hindrance.forget();
    }
  },

  async putBack(context, before) {
    await context.agent.change({
      pin: before.pin,
      minReadySeconds: before.minReadySeconds,
      expectedPins: [before.pin, epochOf(context).pin],
    });
  },
});

/** What Deployment and pods show: armed, or already beyond it. */
async function evidenceNow(context: StepContext): Promise<Evidence | undefined> {
  const { pin } = epochOf(context);
  const agent = await context.agent.look();
  if (agent === undefined) return undefined;
  if (armingObstacles(agent, pin, wanted(context, agent)).length === 0) return armedEvidence(context);
  return startedNow(context, agent, pin) ? startedEvidence(context, pin) : undefined;
}

function wanted(context: StepContext, agent: AgentWorkload): number {
  return Math.max(agent.minReadySeconds, context.plan.armingMinReadySeconds);
}

function armedEvidence(context: StepContext): Evidence {
  return {
    kind: "armed",
    pin: epochOf(context).pin,
    at: context.now().toISOString(),
    source: `deployment cattle-system/cattle-cluster-agent of ${context.step.target}`,
  };
}

function blocked(why: string, hint: string): Observation<Before> {
  return { kind: "blocked", by: { why, hint } };
}

function tooLate(hindrance: Hindrance): Obstruction {
  return {
    why: `it did not come to straddle the two bundles: ${hindrance.missing}`,
    hint: "Look at the pods of deployment cattle-cluster-agent in that cluster.",
  };
}
