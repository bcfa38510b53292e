/** Gives the agent's Deployment the `minReadySeconds` that it had before it was first armed. */
import { z } from "zod";
import { minReadySecondsBefore } from "../../journal/before-arming.ts";
import { erased, type StepContext } from "../step-action.ts";

const beforeSchema = z.object({ minReadySeconds: z.number().int(), pin: z.string() });

export const settleAgent = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 120,
  readsAnew: true,

  async observe(context) {
    const agent = await context.agent.lookAtDeployment();
    if (agent === undefined) {
      return {
        kind: "blocked",
        by: {
          why: "its agent's Deployment is missing",
          hint: "Bring its agent back, or leave the cluster behind with farrier waive.",
        },
      };
    }
    if (agent.minReadySeconds === asItWas(context)) return { kind: "done", evidence: [] };
    return { kind: "todo", before: { minReadySeconds: agent.minReadySeconds, pin: agent.pin } };
  },

  async apply(context, before) {
    await context.agent.change({
      minReadySeconds: asItWas(context),
      expectedPins: [before.pin],
    });
  },

  async verify(context) {
    // Nothing is waited for: what the write is answered with is what was stored, whatever may have changed it on the way.
    if (context.agent.written?.minReadySeconds === asItWas(context)) return { kind: "verified", evidence: [] };
    return {
      kind: "blocked",
      by: { why: "minReadySeconds of its agent was set otherwise by somebody else", hint: "Find out who sets it." },
    };
  },
});

function asItWas(context: StepContext): number {
  return minReadySecondsBefore(context.plan, context.runs, context.step.target) ?? 0;
}
