/** What a refresh saves before it changes anything: Rancher's objects about the clusters, and its agents' in them. */
import type { SavedObject } from "../backup/archive.ts";
import { collectObjects } from "../backup/collect.ts";
import { DOWNSTREAM_COLLECTIONS } from "../backup/collections.ts";
import { managementClusters, secrets } from "../kubernetes/resource.ts";
import { TOKEN_NAMESPACE } from "../rancher/held-access.ts";
import type { StepContext } from "./step-action.ts";

/** @throws FarrierError where a cluster of the plan cannot be read: then nothing of the refresh may begin */
export async function refreshedObjects(context: StepContext): Promise<SavedObject[]> {
  const ids = (context.plan.refreshed ?? []).map(({ id }) => id);
  const wanted = new Set(ids);
  const own = await collectObjects(context.management, "local", [
    { resource: managementClusters, kind: "Cluster", wanted: ({ metadata }) => wanted.has(metadata.name) },
    {
      resource: secrets(TOKEN_NAMESPACE),
      kind: "Secret",
      wanted: ({ metadata }) => metadata.name.startsWith("cluster-serviceaccounttoken-"),
    },
  ]);
  const downstream = await Promise.all(
    ids.map(async (id) => await collectObjects((await context.own(id)).api, id, DOWNSTREAM_COLLECTIONS)),
  );
  return [own, ...downstream].flatMap(({ objects }) => objects);
}
