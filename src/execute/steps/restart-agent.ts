/** The canary of the switch: an agent that starts anew must accept the certificate that is now presented. */
import { z } from "zod";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { deployments, pods } from "../../kubernetes/resource.ts";
import { observeAgent } from "../../observe/agent.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { awaitStarted } from "../agent-started.ts";
import { RESTARTED_AT } from "../rancher-pods.ts";
import { awaitSessions, sessionEvidence } from "../sessions.ts";
import { epochOf, erased, type StepContext, type Verification } from "../step-action.ts";
import { afterUndoing, undoSwitch } from "./present-certificate.ts";

const beforeSchema = z.object({
  /** The time that the restart carries, chosen before it. */
  at: z.string(),
  pods: z.array(z.object({ name: z.string(), uid: z.string() })),
  /** As the Deployment had them. */
  minReadySeconds: z.number().int(),
  restartedAt: z.string().optional(),
});
type Before = z.infer<typeof beforeSchema>;

export const restartAgent = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 300,

  async observe(context) {
    const api = context.downstream(context.step.target);
    const [agent, restartedAt] = await Promise.all([observeAgent(api), restartedAtOf(api)]);
    if (agent === undefined) {
      const hint = "Bring its agent back, or leave the cluster behind with farrier waive.";
      return { kind: "blocked", by: { why: "its agent's Deployment is missing", hint } };
    }
    const running = agent.pods.filter((pod) => !pod.deleting).map(({ name, uid }) => ({ name, uid }));
    const at = context.now().toISOString().replace(/\.\d+/, "");
    const { minReadySeconds } = agent;
    return {
      kind: "todo",
      before: { at, pods: running, minReadySeconds, ...(restartedAt === undefined ? {} : { restartedAt }) },
    };
  },

  // A rolling restart: should the new pod refuse the certificate, or not start at all, the old one is still there.
  async apply(context, before) {
    const api = context.downstream(context.step.target);
    const minReadySeconds = Math.max(before.minReadySeconds, context.plan.armingMinReadySeconds);
    try {
      await write(api, { minReadySeconds, restartedAt: before.at });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      await deletePods(api, before);
    }
  },

  async verify(context, before): Promise<Verification> {
    const { pin } = epochOf(context);
    const old = new Set(before.pods.map(({ uid }) => uid));
    const started = await awaitStarted(context, pin, { isNew: (uid) => !old.has(uid) });
    if (started.kind === "blocked") return started;
    const silent = await awaitSessions(context, [context.step.target], context.remainingMs());
    if (silent.length > 0) {
      const why = `its agent was restarted and has not come back; ${afterUndoing(context)}`;
      return { kind: "blocked", by: { why, hint: "Look at the agent's log in that cluster." } };
    }
    await settle(context, before);
    const session = sessionEvidence(context, context.step.target, pin, before.at);
    return { kind: "verified", evidence: [...started.evidence, session] };
  },

  async putBack(context, before) {
    const { minReadySeconds, restartedAt } = before;
    await ifAllowed(write(context.downstream(context.step.target), { minReadySeconds, restartedAt }));
  },

  undoStage: (context) => undoSwitch(context),
});

/** Where the Deployment was not armed, `minReadySeconds` is again what it was. */
async function settle(context: StepContext, { minReadySeconds, at }: Before): Promise<void> {
  if (minReadySeconds >= context.plan.armingMinReadySeconds) return;
  await ifAllowed(write(context.downstream(context.step.target), { minReadySeconds, restartedAt: at }));
}

interface Restart {
  readonly minReadySeconds: number;
  readonly restartedAt: string | undefined;
}

/** As `kubectl rollout restart` does it, with `minReadySeconds` in the same patch. */
async function write(api: Api, { minReadySeconds, restartedAt }: Restart): Promise<void> {
  const annotations = { [RESTARTED_AT]: restartedAt ?? null };
  await api.patch(deployments(AGENT.namespace), AGENT.deployment, {
    kind: "strategic",
    body: {
      spec: {
        // Zero is the field's absence: `null` removes it.
        minReadySeconds: minReadySeconds === 0 ? null : minReadySeconds,
        template: { metadata: { annotations } },
      },
    },
  });
}

async function restartedAtOf(api: Api): Promise<string | undefined> {
  const parsed = templateSchema.safeParse(await api.get(deployments(AGENT.namespace), AGENT.deployment));
  return parsed.success ? parsed.data.spec.template.metadata.annotations[RESTARTED_AT] : undefined;
}

const templateSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({ metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }) }),
  }),
});

/** Where the Deployment may not be patched: its pods end, and their successors start with the same pin. */
async function deletePods(api: Api, before: Before): Promise<void> {
  const agent = await observeAgent(api);
  const left = agent?.pods.filter((pod) => !pod.deleting && before.pods.some(({ uid }) => uid === pod.uid)) ?? [];
  for (const { name, uid } of left) await api.delete(pods(AGENT.namespace), name, { uid });
}

async function ifAllowed(written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
  }
}
