/** The canary of the switch: an agent that starts anew must accept the certificate that is now presented. */
import { z } from "zod";
import { pods } from "../../kubernetes/resource.ts";
import { observeAgent } from "../../observe/agent.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { awaitStarted } from "../agent-started.ts";
import { awaitSessions, sessionEvidence } from "../sessions.ts";
import { epochOf, erased, type Verification } from "../step-action.ts";
import { undoSwitch } from "./present-certificate.ts";

const beforeSchema = z.object({
  at: z.string(),
  pods: z.array(z.object({ name: z.string(), uid: z.string() })),
});

export const restartAgent = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 300,

  async observe(context) {
    const agent = await observeAgent(context.downstream(context.step.target));
    const running = agent?.pods.filter((pod) => !pod.deleting) ?? [];
    const before = { at: context.now().toISOString(), pods: running.map(({ name, uid }) => ({ name, uid })) };
    return { kind: "todo", before };
  },

  async apply(context, before) {
    const api = context.downstream(context.step.target);
    const agent = await observeAgent(api);
    const left = agent?.pods.filter((pod) => !pod.deleting && before.pods.some(({ uid }) => uid === pod.uid)) ?? [];
    for (const { name, uid } of left) await api.delete(pods(AGENT.namespace), name, { uid });
  },

  async verify(context, before): Promise<Verification> {
    const { pin } = epochOf(context);
    const old = new Set(before.pods.map(({ uid }) => uid));
    const started = await awaitStarted(context, pin, (uid) => !old.has(uid));
    if (started.kind === "blocked") return started;
    const silent = await awaitSessions(context, [context.step.target], context.remainingMs());
    if (silent.length > 0) {
      const why = "its agent was restarted and has not come back; the old certificate was written back";
      return { kind: "blocked", by: { why, hint: "Look at the agent's log in that cluster." } };
    }
    const session = sessionEvidence(context, context.step.target, pin, before.at);
    return { kind: "verified", evidence: [...started.evidence, session] };
  },

  undoStage: (context) => undoSwitch(context),
});
