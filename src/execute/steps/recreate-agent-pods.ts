/** Recreates the pods that use the agent's account or a removed Secret; the new agent is given a token at its start. */
import { z } from "zod";
import { AGENT_ACCOUNT } from "../../estate/cluster-access.ts";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { Connection } from "../../kubernetes/connection.ts";
import { pods, secrets } from "../../kubernetes/resource.ts";
import { observeAgent } from "../../observe/agent.ts";
import { isAccepted } from "../../observe/cluster-access.ts";
import { needsRestart, pinnedElsewhere } from "../../plan/refresh/judge-access.ts";
import { agentMakesToken } from "../../plan/refresh/version-facts.ts";
import { agentTokensIn } from "../../rancher/account-tokens.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { provideAgentToken } from "../agent-token.ts";
import { watchAgent } from "../agent-watch.ts";
import { type AccessSeen, lookAtAccess } from "../refreshed-cluster.ts";
import { erased, type StepContext, type Verification } from "../step-action.ts";
import { droppedSchema } from "./drop-tokens.ts";

const beforeSchema = z.object({ pods: z.array(z.object({ name: z.string(), uid: z.string() })) });
type Seen = Extract<AccessSeen, { kind: "seen" }>;
type Before = z.infer<typeof beforeSchema>;

export const recreateAgentPods = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 300,

  async observe(context) {
    const seen = await lookAtAccess(context);
    if (seen.kind === "blocked") return seen;
    const removed = removedSecrets(context);
    if (removed.length === 0 && !needsRestart(seen.verdict)) return { kind: "done", evidence: [] };
    return { kind: "todo", before: { pods: users(seen, removed) } };
  },

  async apply(context, before) {
    const { api } = await context.own(context.step.target);
    if (!agentMakesToken(context.plan.estate.rancherVersion)) await provideAgentToken(context, api);
    for (const { name, uid } of before.pods) await deletePod(api, name, uid);
  },

  async verify(context, before): Promise<Verification> {
    const own = await context.own(context.step.target);
    await awaitNewAgent(context, own.api, before);
    const token = await awaitToken(context, own);
    if (token === "accepted") return { kind: "verified", evidence: [] };
    const why = "its agent runs anew and has no token that the cluster accepts";
    return { kind: "blocked", by: { why, hint: "Look at the agent's log, and at kube-controller-manager's." } };
  },
});

/** What the step before has removed, also in an earlier process. */
function removedSecrets({ run, step }: StepContext): string[] {
  const before = droppedSchema.safeParse(run.steps[`${step.target}/drop-agent-tokens`]?.before);
  return before.success ? before.data.doomed.map(({ name }) => name) : [];
}

/** Never one that pins another bundle than is served: it would not come back. */
function users({ access, servedPin }: Seen, removed: readonly string[]): Before["pods"] {
  const elsewhere = new Set(pinnedElsewhere(access, servedPin).map(({ uid }) => uid));
  return access.own.pods
    .filter(({ uid }) => !elsewhere.has(uid))
    .filter(
      ({ account, secrets: used }) => account === AGENT_ACCOUNT.name || used.some((name) => removed.includes(name)),
    )
    .map(({ name, uid }) => ({ name, uid }));
}

async function deletePod(api: Api, name: string, uid: string): Promise<void> {
  try {
    await api.delete(pods(AGENT.namespace), name, { uid });
  } catch (error) {
    // A pod of a StatefulSet may have its successor under the same name already.
    if (!(error instanceof ApiError) || error.kind !== "conflict") throw error;
  }
}

/** Every replica runs, and none of the old pods is left. */
async function awaitNewAgent(context: StepContext, api: Api, before: Before): Promise<void> {
  const old = new Set(before.pods.map(({ uid }) => uid));
  if ((await observeAgent(api)) === undefined) return;
  await watchAgent(
    api,
    ({ replicas, pods: found }) => {
      const running = found.filter(({ uid, ready, deleting }) => ready && !deleting && !old.has(uid));
      return running.length >= replicas && found.every(({ uid }) => !old.has(uid)) ? true : undefined;
    },
    { deadlineMs: context.remainingMs(), signal: context.signal },
  );
}

/** How long newer agents take to make one, which Kubernetes then fills: moments. */
const TOKEN_MS = 60_000;

async function awaitToken(context: StepContext, own: Connection): Promise<"accepted" | "refused"> {
  const deadlineMs = Math.min(TOKEN_MS, context.remainingMs());
  const tokens = await own.api.watchUntil(
    secrets(AGENT.namespace),
    {},
    (objects) => {
      const filled = agentTokensIn(objects).flatMap(({ token }) => (token === undefined ? [] : [token]));
      return filled.length === 0 ? undefined : filled;
    },
    { deadlineMs, signal: context.signal },
  );
  for (const token of tokens) if ((await isAccepted(own, token)) === "yes") return "accepted";
  return "refused";
}
