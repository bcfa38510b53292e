/** The nodes of a cluster, registered as their kubelets would. */
import { ApiError } from "../cluster-client.ts";
import type { ClusterView } from "./cluster-view.ts";
import { timestamp } from "./kubelet/container-state.ts";
import { DEFAULT_CAPACITY } from "./kubelet/placement.ts";
import { REF } from "./workload.ts";

export interface NodeDescription {
  readonly name: string;
  /** How many pods fit on it; 110 unless told otherwise. */
  readonly pods?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Creates the nodes that do not exist yet; one that exists stays as somebody made it. */
export async function registerNodes({ client, clock }: ClusterView, nodes: readonly NodeDescription[]): Promise<void> {
  for (const { name, pods = DEFAULT_CAPACITY, labels = {} } of nodes) {
    const metadata = { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ...labels } };
    try {
      await client.create(REF.nodes, { apiVersion: "v1", kind: "Node", metadata, spec: {} });
    } catch (error) {
      if (error instanceof ApiError && error.reason === "AlreadyExists") continue;
      throw error;
    }
    const room = { cpu: "4", memory: "16Gi", pods: String(pods) };
    const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" };
    const conditions = [{ ...ready, lastTransitionTime: timestamp(clock.now()) }];
    const addresses = [
      { type: "InternalIP", address: "10.0.0.1" },
      { type: "Hostname", address: name },
    ];
    const body = { status: { capacity: room, allocatable: room, conditions, addresses } };
    await client.patch(REF.nodes, name, { type: "merge", body, subresource: "status" });
  }
}
