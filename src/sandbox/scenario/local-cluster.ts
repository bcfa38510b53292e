import type { NewObject } from "../cluster-client.ts";

/** The management cluster as Rancher sees it itself: always there, no agent, never redeployed. */
export function localCluster(kubernetes: string, at: Date): NewObject {
  const lastUpdateTime = at.toISOString().replace(/\.\d+Z$/, "Z");
  const types = ["Ready", "BackingNamespaceCreated", "Pending", "Provisioned", "Waiting", "Updated", "Connected"];
  return {
    apiVersion: "management.cattle.io/v3",
    kind: "Cluster",
    metadata: {
      name: "local",
      annotations: { "management.cattle.io/current-cluster-controllers-version": kubernetes.slice(1) },
    },
    spec: {
      clusterSecrets: {},
      description: "",
      displayName: "local",
      fleetWorkspaceName: "fleet-local",
      internal: true,
      localClusterAuthEndpoint: { enabled: false },
      windowsPreferedCluster: false,
    },
    status: {
      agentImage: "",
      conditions: types.map((type) => ({ type, status: "True", lastUpdateTime })),
      driver: "imported",
      info: { arch: "amd64", kubernetesVersion: kubernetes, machineProvider: "local", nodeCount: 1 },
      nodeCount: 1,
      version: { gitVersion: kubernetes, major: "1", minor: kubernetes.split(".")[1] },
    },
  };
}
