/** Saves, encrypted, every object that the plan touches, before anything is touched. */
import { z } from "zod";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { KubeObject } from "../../kubernetes/object.ts";
import { deployments, managementClusters, secrets, settings } from "../../kubernetes/resource.ts";
import { mapLimited } from "../../observe/concurrency.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { erased, type StepContext } from "../step-action.ts";

export const savedSchema = z.object({
  sealed: z.object({ file: z.string(), sha256: z.string() }),
  /** How many objects it holds. */
  objects: z.number().int(),
  /** Clusters whose agent could not be read. */
  missing: z.array(z.string()),
});

/** Restarts of a busy estate are not worth more connections than this. */
const AT_ONCE = 50;

export const saveObjects = erased<z.infer<typeof savedSchema>>({
  before: savedSchema,
  deadlineSeconds: 600,

  // Saving changes nothing in the estate: what is journalled as "before" is the backup itself.
  async observe(context) {
    const { plan } = context;
    const own = await managementObjects(context);
    const reached = plan.clusters.filter(({ reach }) => reach === "rancher").map(({ id }) => id);
    const agents = await mapLimited(reached, AT_ONCE, async (id) => ({ id, object: await agentObject(context, id) }));
    const saved = [...own, ...agents].filter(({ object }) => object !== undefined);
    const missing = agents.filter(({ object }) => object === undefined).map(({ id }) => id);
    const content = { format: "farrier.backup/v1", rotation: plan.rotation, objects: saved };
    const sealed = await context.vault.seal("objects", JSON.stringify(content));
    return { kind: "todo", before: { sealed, objects: saved.length, missing } };
  },

  async apply() {
    // The archive was written, and flushed, while looking.
  },

  async verify(context, before) {
    await context.vault.prove([before.sealed]);
    return { kind: "verified", evidence: [] };
  },
});

interface SavedObject {
  /** The cluster that it lives in; `local` for the management cluster. */
  readonly id: string;
  readonly object: KubeObject | undefined;
}

async function managementObjects({ management, plan }: StepContext): Promise<SavedObject[]> {
  const { namespace, deployment, servingSecret, trustSecret } = plan.rancher;
  const [clusters, ...single] = await Promise.all([
    management.list(managementClusters),
    management.get(secrets(namespace), servingSecret),
    management.get(secrets(namespace), trustSecret),
    management.get(deployments(namespace), deployment),
    management.get(settings, "cacerts"),
  ]);
  return [...single, ...clusters.items].map((object) => ({ id: "local", object }));
}

async function agentObject(context: StepContext, clusterId: string): Promise<KubeObject | undefined> {
  try {
    return await context.downstream(clusterId).get(deployments(AGENT.namespace), AGENT.deployment);
  } catch (error) {
    // A cluster that is cut off now holds the gates later; it does not keep the others from being saved.
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
