/** Saves, encrypted, every object that the plan touches, before anything is touched. */
import { z } from "zod";
import { type SavedObject, sealObjects } from "../../backup/archive.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { deployments, managementClusters, type Resource, secrets, settings } from "../../kubernetes/resource.ts";
import { mapLimited } from "../../observe/concurrency.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { refreshedObjects } from "../refreshed-objects.ts";
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
    if (plan.refreshed !== undefined) {
      const objects = await refreshedObjects(context);
      const sealed = await sealObjects(context.vault, objects);
      return { kind: "todo", before: { sealed, objects: objects.length, missing: [] } };
    }
    const own = await managementObjects(context);
    const reached = plan.clusters.filter(({ reach }) => reach !== "none").map(({ id }) => id);
    const agents = await mapLimited(reached, AT_ONCE, async (id) => ({ id, saved: await agentObject(context, id) }));
    const saved = [...own, ...agents.map((agent) => agent.saved).filter((agent) => agent !== undefined)];
    const missing = agents.filter((agent) => agent.saved === undefined).map(({ id }) => id);
    const sealed = await sealObjects(context.vault, saved);
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

async function managementObjects({ management, plan }: StepContext): Promise<SavedObject[]> {
  const { namespace, deployment, servingSecret, trustSecret } = plan.rancher;
  const one = async (resource: Resource, kind: string, name: string): Promise<SavedObject[]> => {
    const object = await management.get(resource, name);
    return object === undefined ? [] : [{ cluster: "local", resource, kind, object }];
  };
  const [clusters, ...single] = await Promise.all([
    management.list(managementClusters),
    one(secrets(namespace), "Secret", servingSecret),
    one(secrets(namespace), "Secret", trustSecret),
    one(deployments(namespace), "Deployment", deployment),
    one(settings, "Setting", "cacerts"),
  ]);
  const listed = clusters.items.map((object) => ({
    cluster: "local",
    resource: managementClusters,
    kind: "Cluster",
    object,
  }));
  return [...single.flat(), ...listed];
}

async function agentObject(context: StepContext, cluster: string): Promise<SavedObject | undefined> {
  const resource = deployments(AGENT.namespace);
  try {
    const object = await context.downstream(cluster).get(resource, AGENT.deployment);
    return object === undefined ? undefined : { cluster, resource, kind: "Deployment", object };
  } catch (error) {
    // A cluster that is cut off now holds the gates later; it does not keep the others from being saved.
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
