/** Whether the management cluster's etcd could be saved by the Rancher that provisioned it, as somebody wants it. */
import { FarrierError } from "../errors.ts";
import type { Api } from "../kubernetes/api.ts";
import { connectKubeconfig } from "../kubernetes/connection.ts";
import { managementClusters, type Resource } from "../kubernetes/resource.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import type { ClusterObjectSnapshot } from "../plan/estate-backup.ts";
import { readHeldCa } from "../rancher/held-access.ts";
import { ETCD_NODES, provisioningClusters, readProvisionedCluster } from "../rancher/provisioned-cluster.ts";
import { rootCaOf } from "./cluster-access.ts";

/** How `farrier.yaml` asks for it. */
export interface ClusterObjectWish {
  /** Its name in that Rancher. */
  readonly cluster: string;
  readonly namespace?: string;
  /** Of that Rancher's own management cluster. */
  readonly kubeconfig: string;
  readonly context?: string;
}

const NODES: Resource = { group: "", version: "v1", plural: "nodes" };
const USUAL_NAMESPACE = "fleet-default";

/** Nothing is asked for yet. @returns the reason where it could not be made */
export async function observeClusterObjectPlace(
  management: Api,
  wish: ClusterObjectWish,
): Promise<ClusterObjectSnapshot | string> {
  try {
    return await look(management, wish);
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    return error.message.replace(/\.$/, "");
  }
}

async function look(management: Api, wish: ClusterObjectWish): Promise<ClusterObjectSnapshot | string> {
  const { kubeconfig, context, cluster: name, namespace = USUAL_NAMESPACE } = wish;
  const choice = { kubeconfig, ...(context === undefined ? {} : { context }) };
  const connection = await connectKubeconfig(choice, { name: "the other Rancher's cluster" });
  try {
    const { api } = connection;
    const object = await api.get(provisioningClusters(namespace), name);
    if (object === undefined) return `${connection.server} has no cluster object ${namespace}/${name}`;
    const provisioned = readProvisionedCluster(object);
    if (provisioned === undefined) {
      return `the Rancher at ${connection.server} did not provision ${namespace}/${name}, and so cannot save its etcd`;
    }
    const other = await isAnother(management, api, provisioned.managementId);
    if (other !== undefined) return `cluster object ${namespace}/${name} is not of this management cluster: ${other}`;
    const { items } = await management.list(NODES, { labelSelector: ETCD_NODES });
    if (items.length === 0) return `no node of this management cluster is labelled ${ETCD_NODES}`;
    return {
      kind: "cluster-object",
      cluster: { namespace, name },
      kubeconfig,
      context: connection.context,
      server: connection.server,
      nodes: items.map(({ metadata }) => metadata.name).sort(),
    };
  } finally {
    await connection.close();
  }
}

/** By the CA that the agent in this cluster has reported. @returns how it differs */
async function isAnother(management: Api, other: Api, id: string): Promise<string | undefined> {
  const object = id === "" ? undefined : await other.get(managementClusters, id);
  const held = fingerprints(object === undefined ? "" : readHeldCa(object));
  const own = fingerprints((await rootCaOf(management)) ?? "");
  if (held === "" || own === "") return "which CA it has cannot be seen";
  return held === own ? undefined : "it has another CA";
}

function fingerprints(pem: string): string {
  return agentsPool(pem)
    .anchors.map(({ fingerprint }) => fingerprint)
    .toSorted()
    .join();
}
