/**
 * Arms a cluster's node agents: the next pin is in their DaemonSets' templates, and their pods go on with the present one,
 * because they are updated `OnDelete`.
 */
import { type NodeAgentSet, nodeArmingObstacles, unarmableObstacles } from "../../estate/node-agent.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { observeNodeAgents } from "../../observe/node-agents.ts";
import { changeNodeAgents } from "../node-agent-patch.ts";
import { watchNodeAgents } from "../node-agent-watch.ts";
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

  async observe(context) {
    const sets = await observeNodeAgents(context.downstream(context.step.target));
    if (missing(context, sets) === undefined) return { kind: "done", evidence: [nodeEvidence(context, "armed")] };
    const [ailing] = sets.flatMap((set) => unarmableObstacles(set, epochOf(context).pin));
    return ailing === undefined ? { kind: "todo", before: recorded(sets) } : { kind: "blocked", by: ailing };
  },

  async apply(context, { sets }) {
    for (const set of sets) await pinOnDelete(context, set);
  },

  async verify(context): Promise<Verification> {
    let last: Obstruction = { why: "its node agents could not be looked at", hint: "Look at its DaemonSets." };
    try {
      return await watchNodeAgents<Verification>(
        context.downstream(context.step.target),
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
    const api = context.downstream(context.step.target);
    for (const set of sets) await changeNodeAgents(api, { ...set, expectedPins: [set.pin, pin] });
  },
});

function missing(context: StepContext, sets: readonly NodeAgentSet[]): Obstruction | undefined {
  const { pin } = epochOf(context);
  const open = sets.filter((set) => startMissing(context, set).length > 0);
  return open.flatMap((set) => nodeArmingObstacles(set, pin, context.plan.armingMinReadySeconds))[0];
}
