/** Gives the node agents' DaemonSets the update strategy that they had before they were first armed. */
import type { NodeAgentBefore } from "../../estate/node-agent.ts";
import { nodeAgentsBefore } from "../../journal/before-arming.ts";
import { observeNodeAgents } from "../../observe/node-agents.ts";
import { changeNodeAgents, isUpdatedAs } from "../node-agent-patch.ts";
import { type NodeAgentsBefore, nodeAgentsBeforeSchema, recorded } from "../node-agents.ts";
import { erased, type StepContext } from "../step-action.ts";

export const settleNodeAgents = erased<NodeAgentsBefore>({
  before: nodeAgentsBeforeSchema,
  deadlineSeconds: 120,

  async observe(context) {
    const open = await unsettled(context);
    return open.length === 0 ? { kind: "done", evidence: [] } : { kind: "todo", before: recorded(open) };
  },

  async apply(context, { sets }) {
    const api = context.downstream(context.step.target);
    for (const { name, pin } of sets) {
      const before = asItWas(context, name);
      if (before !== undefined) await changeNodeAgents(api, { ...before, expectedPins: [pin] });
    }
  },

  async verify(context) {
    const [first] = await unsettled(context);
    if (first === undefined) return { kind: "verified", evidence: [] };
    const why = `the update strategy of DaemonSet ${first.name} was set again by somebody else`;
    return { kind: "blocked", by: { why, hint: "Find out who sets it." } };
  },
});

async function unsettled(context: StepContext) {
  const sets = await observeNodeAgents(context.downstream(context.step.target));
  return sets.filter((set) => {
    const before = asItWas(context, set.name);
    return before !== undefined && !isUpdatedAs(set, before);
  });
}

function asItWas(context: StepContext, name: string): NodeAgentBefore | undefined {
  return nodeAgentsBefore(context.plan, context.runs, context.step.target).find((before) => before.name === name);
}
