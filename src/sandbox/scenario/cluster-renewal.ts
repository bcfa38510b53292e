import { createClusterAuthority } from "../api-server/serving-identity.ts";
import { core } from "../rancher/resources.ts";
import type { DownstreamCluster } from "./downstream-cluster.ts";
import type { Estate } from "./estate.ts";
import type { Fault } from "./faults.ts";

type RenewedCluster = Extract<Fault, { kind: "renewed-cluster" }>;

/** From the API server's restart until an agent has lost its leader lease (client-go: renewed within 10 s). */
const LEASE_MS = 10_000;

/** Restarts a cluster's control plane with another service-account key, another CA, or both (rancher.md §0a rows 18, 21). */
export async function renewCluster(target: DownstreamCluster, estate: Estate, fault: RenewedCluster): Promise<void> {
  const { clock, conduct, profile } = estate;
  conduct.refusalsPossible = true;
  if (!fault.reported) conduct.unheard.add(target.id);
  const streams = profile.clusterCopies ? (["log", "exec"] as const) : fault.staleStreams;
  conduct.staleStreams.set(target.id, { since: clock.now(), streams });
  const { accountTokens } = target.cluster.server;
  if (fault.serviceAccountKey) accountTokens.renewKey();
  if (fault.ca) {
    await target.cluster.becomes(await createClusterAuthority({ name: "kubernetes", now: clock.now() }));
    await publishRootCa(target);
    if (fault.secretsFollow) accountTokens.publishRootCa();
  }
  if (fault.agent === "restarts") clock.after(LEASE_MS, () => target.loseLeases());
}

/** A cluster's clock is ahead; by it, its API server may renew its certificate, and those begin an hour early. */
export async function advanceClock(
  target: DownstreamCluster,
  { clock, conduct }: Estate,
  { minutes, renewed }: Extract<Fault, { kind: "clock-ahead" }>,
): Promise<void> {
  target.cluster.server.clockAheadMs = minutes * 60_000;
  if (!renewed) return;
  conduct.refusalsPossible = true;
  await target.cluster.renewServing(new Date(clock.now().getTime() + minutes * 60_000));
}

/** kube-controller-manager's root-ca-cert-publisher: the ConfigMap in every namespace. */
async function publishRootCa({ cluster }: DownstreamCluster): Promise<void> {
  const body = { data: { "ca.crt": cluster.caPem } };
  await cluster.client.patch(core("configmaps", "cattle-system"), "kube-root-ca.crt", { type: "merge", body });
}
