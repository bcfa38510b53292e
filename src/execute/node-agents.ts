/** What the steps about node agents have in common: what they saw before, and what they conclude. */
import { z } from "zod";
import type { Obstacle } from "../estate/agent-state.ts";
import type { Evidence, EvidenceKind } from "../estate/evidence.ts";
import { type NodeAgentSet, nodeAgentBeforeSchema, nodeStartObstacles } from "../estate/node-agent.ts";
import { epochOf, type StepContext } from "./step-action.ts";

export const nodeAgentsBeforeSchema = z.object({
  sets: z.array(nodeAgentBeforeSchema.extend({ pin: z.string() })),
});
export type NodeAgentsBefore = z.infer<typeof nodeAgentsBeforeSchema>;

/** For the journal: all that an undoing needs. */
export function recorded(sets: readonly NodeAgentSet[]): NodeAgentsBefore {
  return {
    sets: sets.map(({ name, pin, updateStrategy, minReadySeconds }) => ({
      name,
      pin,
      updateStrategy,
      minReadySeconds,
    })),
  };
}

/** The step's pin on a DaemonSet, and no pod ends for it. @throws FarrierError `step.conflict`; ApiError */
export async function pinOnDelete(context: StepContext, set: NodeAgentsBefore["sets"][number]): Promise<void> {
  const { pin } = epochOf(context);
  await context.nodeAgents.change({
    name: set.name,
    pin,
    updateStrategy: { type: "OnDelete" },
    minReadySeconds: Math.max(set.minReadySeconds, context.plan.armingMinReadySeconds),
    expectedPins: [set.pin, pin],
  });
}

/** Why a DaemonSet has not started with the step's pin on every node; empty when it has. */
export function startMissing(context: StepContext, set: NodeAgentSet): Obstacle[] {
  const { armingMinReadySeconds: minReadySeconds } = context.plan;
  return nodeStartObstacles(set, epochOf(context).pin, { now: context.now(), minReadySeconds });
}

export function nodeEvidence(context: StepContext, kind: EvidenceKind): Evidence {
  const source = `node agents of ${context.step.target}`;
  return { kind, pin: epochOf(context).pin, at: context.now().toISOString(), source };
}
