/**
 * Arms a cluster's node agents: the next pin is in their DaemonSets' templates, and their pods go on with the present one,
 * because they are updated `OnDelete`.
 */
import { type NodeAgentSet, nodeArmingObstacles, unarmableObstacles } from "../../estate/node-agent.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import {
  type NodeAgentsBefore,
  nodeAgentsBeforeSchema,
  nodeEvidence,
  pinOnDelete,
  recorded,
  startMissing,
} from "../node-agents.ts";
import { epochOf, erased, type Obstruction, type StepContext, type Verification } from "../step-action.ts";

/** Nothing has to start for it: only the controller has to look. */
const PATIENCE_MS = 30_000;

export const armNodeAgents = erased<NodeAgentsBefore>({
  before: nodeAgentsBeforeSchema,
  deadlineSeconds: 120,
  readsAnew: true,

  async observe(context) {
    const sets = await context.nodeAgents.look();
    if (missing(context, sets) === undefined) return { kind: "done", evidence: [nodeEvidence(context, "armed")] };
    const [ailing] = sets.flatMap((set) => unarmableObstacles(set, epochOf(context).pin));
    return ailing === undefined ? { kind: "todo", before: recorded(sets) } : { kind: "blocked", by: ailing };
  },

  async apply(context, { sets }) {
    for (const set of sets) await pinOnDelete(context, set);
  },

  async verify(context, { sets: before }): Promise<Verification> {
    let last: Obstruction = { why: "its node agents could not be looked at", hint: "Look at its DaemonSets." };
    try {
      return await context.nodeAgents.watchFor<Verification>(
        { pin: epochOf(context).pin, before },
        (sets) => {
          last = missing(context, sets) ?? last;
          return missing(context, sets) === undefined
            ? { kind: "verified", evidence: [nodeEvidence(context, "armed")] }
            : undefined;
        },
        { deadlineMs: Math.min(PATIENCE_MS, context.remainingMs()), signal: context.signal },
      );
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "deadline") throw error;
      return { kind: "blocked", by: last };
    }
  },

  async putBack(context, { sets }) {
    const { pin } = epochOf(context);
    for (const set of sets) await context.nodeAgents.change({ ...set, expectedPins: [set.pin, pin] });
  },
});

function missing(context: StepContext, sets: readonly NodeAgentSet[]): Obstruction | undefined {
  const { pin } = epochOf(context);
  const open = sets.filter((set) => startMissing(context, set).length > 0);
  return open.flatMap((set) => nodeArmingObstacles(set, pin, context.plan.armingMinReadySeconds))[0];
}
