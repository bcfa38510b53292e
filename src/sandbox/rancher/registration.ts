/**
 * What Rancher takes over of an agent's report when its tunnel opens (pkg/tunnelserver/mcmauthorizer/tunnel.go): where
 * the cluster's API is, its CA, and the token with which Rancher may use it.
 */
import { z } from "zod";
import { accessTo, TOKEN_NAMESPACE } from "./cluster-access.ts";
import { updateClusterStatus } from "./cluster-status.ts";
import { recordOf } from "./norman.ts";
import { CLUSTERS, core } from "./resources.ts";
import type { ServerContext } from "./server.ts";

const reportSchema = z.object({
  cluster: z.object({ address: z.string(), token: z.string(), caCert: z.string() }),
});

/** Clusters of hosted providers have their CA and token from elsewhere; their agents' reports are not looked at. */
const REPORTING_DRIVERS = ["imported", "k3s", "k3os", "rancherd", "rke2", ""];

/** @param header `X-API-Tunnel-Params`. Whatever it is, the connection itself is not refused for it */
export async function takeOver(header: string, id: string, context: ServerContext): Promise<void> {
  const { client, clock, world, log } = context;
  const report = reportIn(header);
  const cluster = await client.get(CLUSTERS, id);
  if (report === undefined || cluster === undefined || world.conduct.ignoresReportOf(id)) return;
  const status = recordOf(cluster.status);
  if (!REPORTING_DRIVERS.includes(String(status.driver ?? ""))) return;
  if (world.profile.reportOnce && String(status.caCert ?? "") !== "") return;
  const { address, token, caCert } = report.cluster;
  const apiEndpoint = `https://${address}`;
  const { token: held } = await accessTo(cluster, client);
  if (status.apiEndpoint === apiEndpoint && status.caCert === caCert && held === token) return;
  const fields = { apiEndpoint, caCert, ...(await stored(token, id, context)) };
  log("INFO", `Updating cluster [${id}] with what its agent has reported`);
  await updateClusterStatus(client, { id, profile: world.profile, now: clock.now() }, { fields });
}

/** Always a new Secret; the old one is meant to go and stays (rancher.md §7.3). Rancher < 2.6.7 has none. */
async function stored(token: string, id: string, { client, world }: ServerContext): Promise<Record<string, string>> {
  if (world.profile.tokenInStatus) return { serviceAccountToken: token };
  const cluster = await client.get(CLUSTERS, id);
  const owner = { apiVersion: "management.cattle.io/v3", kind: "Cluster", name: id, uid: cluster?.metadata.uid ?? "" };
  const secret = await client.create(core("secrets", TOKEN_NAMESPACE), {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: {
      generateName: "cluster-serviceaccounttoken-",
      namespace: TOKEN_NAMESPACE,
      ownerReferences: [owner],
    },
    data: { credential: Buffer.from(token).toString("base64") },
  });
  return { serviceAccountTokenSecret: secret.metadata.name, serviceAccountToken: "" };
}

function reportIn(header: string): z.infer<typeof reportSchema> | undefined {
  try {
    return reportSchema.parse(JSON.parse(Buffer.from(header, "base64").toString()));
  } catch {
    return undefined;
  }
}
