/** Whether a way that the configuration names leads to the cluster that it is named for. */
import type { ReachFault } from "../estate/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { namespaces } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";

/** `<cluster id>:<project>`: Rancher writes it on every namespace of a project, and so on those of its own agent. */
const PROJECT = "field.cattle.io/projectId";

export interface ClusterIdentity {
  readonly id: string;
  /** UID of its `kube-system`, where it was seen over another way or earlier. */
  readonly kubeSystemUid?: string;
  /** UID of the management cluster's: the mistake that is made most easily. */
  readonly managementUid: string;
}

export type Proof =
  | { readonly kind: "proved"; readonly kubeSystemUid: string }
  | {
      readonly kind: "not-proved";
      readonly fault: Extract<ReachFault, "other-cluster" | "unproved">;
      readonly why: string;
    };

/** Asks the cluster who it is; one request where its UID is known. @throws ApiError when it cannot be asked */
export async function proveCluster(api: Api, identity: ClusterIdentity): Promise<Proof> {
  const uid = (await api.get(namespaces, "kube-system"))?.metadata.uid;
  if (uid === undefined) return unproved("it has no namespace kube-system");
  if (uid === identity.managementUid) return otherCluster("it leads to the management cluster");
  if (identity.kubeSystemUid === uid) return { kind: "proved", kubeSystemUid: uid };
  if (identity.kubeSystemUid !== undefined) {
    return otherCluster(`it leads to the cluster with the UID ${uid}; this one's is ${identity.kubeSystemUid}`);
  }
  const project = (await api.get(namespaces, AGENT.namespace))?.metadata.annotations?.[PROJECT];
  const owner = project?.split(":")[0];
  if (owner === identity.id) return { kind: "proved", kubeSystemUid: uid };
  if (owner !== undefined && owner !== "") return otherCluster(`it leads to the cluster that Rancher calls ${owner}`);
  return unproved(`its namespace ${AGENT.namespace} does not say which cluster of Rancher's it is`);
}

function otherCluster(why: string): Proof {
  return { kind: "not-proved", fault: "other-cluster", why };
}

function unproved(why: string): Proof {
  return { kind: "not-proved", fault: "unproved", why };
}
