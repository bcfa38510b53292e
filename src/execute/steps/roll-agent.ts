/**
 * Brings an armed agent over to the bundle that is now served: the pod that waits would start by itself at the end of
 * its back-off (up to five minutes); deleting it starts its successor at once.
 */
import { z } from "zod";
import type { AgentWorkload } from "../../estate/agent.ts";
import { waitingPods } from "../../estate/agent-state.ts";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { pods } from "../../kubernetes/resource.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { awaitStarted, startedEvidence, startedNow } from "../agent-started.ts";
import { redeployInstead } from "../redeploy.ts";
import { refusedWithoutPin } from "../refused-without-pin.ts";
import { epochOf, erased, type StepContext } from "../step-action.ts";

const beforeSchema = z.object({
  pin: z.string(),
  minReadySeconds: z.number().int(),
  /** Pods that waited for this bundle. */
  waiting: z.array(z.object({ name: z.string(), uid: z.string() })),
});
type Before = z.infer<typeof beforeSchema>;

export const rollAgent = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 600,
  readsAnew: true,

  async observe(context) {
    const { pin } = epochOf(context);
    const agent = await context.agent.look();
    if (agent === undefined) {
      return {
        kind: "blocked",
        by: {
          why: "its agent's Deployment is missing",
          hint: "Bring its agent back, or leave the cluster behind with farrier waive.",
        },
      };
    }
    if (startedNow(context, agent, pin)) return { kind: "done", evidence: [startedEvidence(context, pin)] };
    const waiting = waitingPods(agent, pin).map(({ name, uid }) => ({ name, uid }));
    return { kind: "todo", before: { pin: agent.pin, minReadySeconds: agent.minReadySeconds, waiting } };
  },

  async apply(context, before) {
    const api = context.downstream(context.step.target);
    const { pin } = epochOf(context);
    if (before.pin !== pin) await setPin(context, before);
    await Promise.all(before.waiting.map((pod) => nudge(api, pod)));
  },

  async verify(context, before) {
    const { pin } = epochOf(context);
    const giveUp = (agent: AgentWorkload) => refusedWithoutPin(context, agent);
    return awaitStarted(context, pin, { giveUp, hadPin: before.pin === pin });
  },
});

/** Its pin was set back, or never set: it is set now that its bundle is served; where that is forbidden, Rancher does it. */
async function setPin(context: StepContext, before: Before): Promise<void> {
  const { pin } = epochOf(context);
  try {
    await context.agent.change({
      pin,
      minReadySeconds: Math.max(before.minReadySeconds, context.plan.armingMinReadySeconds),
      expectedPins: [before.pin, pin],
    });
  } catch (error) {
    await redeployInstead(context, error);
  }
}

/** Without the right to delete pods the cluster only takes longer. */
async function nudge(api: Api, pod: Pick<AgentWorkload["pods"][number], "name" | "uid">): Promise<void> {
  try {
    await api.delete(pods(AGENT.namespace), pod.name, { uid: pod.uid });
  } catch (error) {
    const another = error instanceof ApiError && error.kind === "conflict";
    if (!another && !isForbidden(error)) throw error;
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}
