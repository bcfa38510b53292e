/** Moves an agent that could not be armed: Rancher re-applies it with the pin of the bundle that it serves now. */
import { z } from "zod";
import type { AgentWorkload } from "../../estate/agent.ts";
import { missingCredentials } from "../../observe/credentials.ts";
import { awaitStarted, startedEvidence, startedNow } from "../agent-started.ts";
import { forceDeploy } from "../redeploy.ts";
import { refusedWithoutPin } from "../refused-without-pin.ts";
import { epochOf, erased, type StepContext } from "../step-action.ts";

const beforeSchema = z.object({ pin: z.string() });

export const redeployAgent = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 600,

  async observe(context) {
    const { pin } = epochOf(context);
    const agent = await context.agent.look();
    if (agent !== undefined && startedNow(context, agent, pin) && !(await lacks(context, agent))) {
      return { kind: "done", evidence: [startedEvidence(context, pin)] };
    }
    return { kind: "todo", before: { pin: agent?.pin ?? "" } };
  },

  async apply(context) {
    const agent = await context.agent.look();
    // After a crash Rancher may have done it already; then only the agent is waited for.
    if (agent?.pin !== epochOf(context).pin || (await lacks(context, agent))) await forceDeploy(context);
  },

  async verify(context) {
    return awaitStarted(context, epochOf(context).pin, { giveUp: (agent) => refusedWithoutPin(context, agent) });
  },
});

/** Pods that run do so without the Secret that they were started with; no other could. */
async function lacks({ downstream, step }: StepContext, agent: AgentWorkload | undefined): Promise<boolean> {
  return (await missingCredentials(downstream(step.target), agent)) !== undefined;
}
