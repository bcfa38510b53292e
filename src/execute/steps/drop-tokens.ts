/** Removes Secrets whose tokens the cluster refuses, or whose `ca.crt` is not its CA: Rancher's parts make new ones. */
import { z } from "zod";
import type { TokenSecret } from "../../estate/cluster-access.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { secrets } from "../../kubernetes/resource.ts";
import type { AccessVerdict } from "../../plan/refresh/judge-access.ts";
import { lookAtAccess } from "../refreshed-cluster.ts";
import { type ErasedAction, erased, type StepContext } from "../step-action.ts";

export const droppedSchema = z.object({
  /** The Secrets that are to go. Their content is in the backup, sealed. */
  doomed: z.array(z.object({ namespace: z.string(), name: z.string(), uid: z.string(), token: z.string() })),
});
type Dropped = z.infer<typeof droppedSchema>;

export const dropAgentTokens = dropping(({ agent }) => agent);
export const dropPersonTokens = dropping(({ persons }) => persons);

function dropping(choose: (doomed: AccessVerdict["doomed"]) => readonly TokenSecret[]): ErasedAction {
  return erased<Dropped>({
    before: droppedSchema,
    deadlineSeconds: 120,

    async observe(context) {
      const seen = await lookAtAccess(context);
      if (seen.kind === "blocked") return seen;
      const doomed = choose(seen.verdict.doomed).map(({ namespace, name, uid, token }) => ({
        namespace,
        name,
        uid,
        token: token?.fingerprint ?? "",
      }));
      return doomed.length === 0 ? { kind: "done", evidence: [] } : { kind: "todo", before: { doomed } };
    },

    async apply(context, { doomed }) {
      const { api } = await context.own(context.step.target);
      for (const { namespace, name, uid } of doomed) {
        try {
          await api.delete(secrets(namespace), name, { uid });
        } catch (error) {
          // Somebody removed it, and it was made again under the same name: that is another one.
          if (!(error instanceof ApiError) || error.kind !== "conflict") throw error;
        }
      }
    },

    async verify(context, { doomed }) {
      const left = await stillThere(context, doomed);
      if (left === undefined) return { kind: "verified", evidence: [] };
      const why = `Secret ${left} is still there`;
      return { kind: "blocked", by: { why, hint: "Look for finalizers on it, or for who puts it back." } };
    },
  });
}

async function stillThere(context: StepContext, doomed: Dropped["doomed"]): Promise<string | undefined> {
  const { api } = await context.own(context.step.target);
  for (const { namespace, name, uid } of doomed) {
    const found = await api.get(secrets(namespace), name);
    if (found?.metadata.uid === uid) return `${namespace}/${name}`;
  }
  return undefined;
}
