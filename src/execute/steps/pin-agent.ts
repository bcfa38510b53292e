/**
 * Gives an agent the pin of the bundle that Rancher serves, where a refresh finds it with another one. Nothing has to
 * straddle: the present pin is served already, so that a pod that starts with it stays.
 */
import { z } from "zod";
import type { AgentWorkload } from "../../estate/agent.ts";
import { livePods } from "../../estate/agent-state.ts";
import { observeAgent } from "../../observe/agent.ts";
import { changeAgent } from "../agent-patch.ts";
import { watchAgent } from "../agent-watch.ts";
import { lookAtAccess } from "../refreshed-cluster.ts";
import { epochOf, erased } from "../step-action.ts";

const beforeSchema = z.object({ pin: z.string(), minReadySeconds: z.number().int() });

export const pinAgent = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 300,
  readsAnew: true,

  async observe(context) {
    const seen = await lookAtAccess(context);
    if (seen.kind === "blocked") return seen;
    const agent = await observeAgent((await context.own(context.step.target)).api);
    if (agent === undefined) {
      const hint = "Bring its agent back: farrier restore of a backup, or Rancher's registration command.";
      return { kind: "blocked", by: { why: "its agent's Deployment is missing", hint } };
    }
    if (isPinned(agent, epochOf(context).pin)) return { kind: "done", evidence: [] };
    return { kind: "todo", before: { pin: agent.pin, minReadySeconds: agent.minReadySeconds } };
  },

  async apply(context, { pin: before, minReadySeconds }) {
    const { api } = await context.own(context.step.target);
    const { pin } = epochOf(context);
    await changeAgent(api, { pin, minReadySeconds, expectedPins: [before, pin] });
  },

  async verify(context) {
    const { api } = await context.own(context.step.target);
    const { pin } = epochOf(context);
    const waiting = { deadlineMs: context.remainingMs(), signal: context.signal };
    await watchAgent(api, (agent) => (isPinned(agent, pin) ? true : undefined), waiting);
    return { kind: "verified", evidence: [] };
  },
});

/** Every replica runs with it, and no pod is left that would look for another bundle. */
function isPinned(agent: AgentWorkload, pin: string): boolean {
  const live = livePods(agent);
  const running = live.filter((pod) => pod.ready && !pod.deleting && pod.pin === pin);
  return agent.pin === pin && running.length >= agent.replicas && live.every((pod) => pod.pin === pin);
}
