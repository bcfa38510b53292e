/**
 * Kubeconfigs that people downloaded. Each embeds the bundle of its day and stops working at the switch unless it was
 * made while both were served. Rancher keeps a token for each; what the file on somebody's disk holds cannot be seen.
 */
import { z } from "zod";
import type { Consumer } from "../../estate/cluster.ts";
import type { Api } from "../../kubernetes/api.ts";
import { rancherTokens } from "../../kubernetes/resource.ts";
import { ENDPOINT_TOKEN_MARK, KUBECONFIG_TOKENS } from "../../rancher/endpoint-tokens.ts";

/** The token's own secret is not even parsed. */
const tokenSchema = z.object({
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
  clusterName: z.string().default(""),
  expired: z.boolean().default(false),
});

/**
 * Advisory consumers, by cluster id. A token that is for every cluster is counted under `local`. Those that Rancher has
 * made for Farrier are nobody's: their kubeconfigs are kept with a rotation, and end with it.
 */
export async function observeKubeconfigs(management: Api): Promise<ReadonlyMap<string, Consumer[]>> {
  const { items } = await management.list(rancherTokens, {
    labelSelector: KUBECONFIG_TOKENS,
  });
  const found = new Map<string, Consumer[]>();
  for (const item of items) {
    const parsed = tokenSchema.safeParse(item);
    if (!parsed.success || parsed.data.expired) continue;
    if (parsed.data.metadata.annotations[ENDPOINT_TOKEN_MARK] !== undefined) continue;
    const clusterId = parsed.data.clusterName === "" ? "local" : parsed.data.clusterName;
    const id = `${clusterId}/kubeconfig/${parsed.data.metadata.name}`;
    const consumer: Consumer = { id, kind: "kubeconfig", clusterId, gating: false, movable: false, evidence: [] };
    found.set(clusterId, [...(found.get(clusterId) ?? []), consumer]);
  }
  return found;
}
