import { createHash } from "node:crypto";
import type { NewObject } from "../cluster-client.ts";
import { agentImage, caChecksum } from "../rancher/agent-manifest.ts";
import { TOKEN_NAMESPACE } from "../rancher/cluster-access.ts";
import type { RancherProfile } from "../rancher/profile.ts";
import { secret } from "./management-objects.ts";
import type { ScenarioCluster } from "./scenario.ts";

export interface ClusterFacts {
  readonly id: string;
  readonly description: ScenarioCluster;
  readonly profile: RancherProfile;
  readonly serverUrl: string;
  /** The setting `cacerts`. */
  readonly bundle: string;
  readonly installUuid: string;
  /** The cluster's own CA, PEM. */
  readonly caCert: string;
  /** The agent's token: with it Rancher uses the cluster's API. */
  readonly credential: string;
  /** The registration token named `system`, with which the agent connects. */
  readonly token: string;
  /** The other registration token, `default-token`, which people paste. */
  readonly defaultToken: string;
  readonly at: Date;
}

/** What stands for one downstream cluster in the management cluster, in the order of creation. */
export function clusterObjects(facts: ClusterFacts): NewObject[] {
  const { id } = facts;
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: id } },
    ...registrationToken(facts, "default-token", facts.defaultToken),
    ...registrationToken(facts, "system", facts.token),
    ...(facts.profile.tokenInStatus ? [] : [heldToken(facts)]),
    managementCluster(facts),
    managementNode(facts),
    ...provisioned(facts),
  ];
}

/** Rancher ≥ 2.6.7 holds a cluster's token in a Secret that the status names. */
function heldToken({ id, credential }: ClusterFacts): NewObject {
  const name = `cluster-serviceaccounttoken-${id.slice(-5)}`;
  return { ...secret(name, "Opaque", { credential }), metadata: { name, namespace: TOKEN_NAMESPACE } };
}

/** The `clusters.management.cattle.io` of a cluster that was imported some time ago. Status included. */
function managementCluster(facts: ClusterFacts): NewObject {
  const { id, description } = facts;
  const hash = createHash("sha256").update(facts.token).digest("hex").slice(0, 10);
  return {
    apiVersion: "management.cattle.io/v3",
    kind: "Cluster",
    metadata: {
      name: id,
      generateName: id.startsWith("c-m-") ? "c-m-" : "c-",
      labels: { "cattle.io/creator": "norman" },
      annotations: {
        "authz.management.cattle.io/initial-sync": "true",
        "field.cattle.io/creatorId": "user-wfjvt",
        "io.cattle.agent.force.deploy": "false",
        ...(facts.profile.tokenSecrets ? { "io.cattle.agent.registration-token-hash": hash } : {}),
        "management.cattle.io/current-cluster-controllers-version": description.kubernetes.slice(1),
      },
    },
    spec: {
      agentImageOverride: "",
      clusterSecrets: {},
      description: "",
      desiredAgentImage: "",
      desiredAuthImage: "",
      displayName: description.name,
      dockerRootDir: "/var/lib/docker",
      enableNetworkPolicy: false,
      fleetWorkspaceName: "fleet-default",
      internal: false,
      localClusterAuthEndpoint: { enabled: false },
      windowsPreferedCluster: description.windows,
    },
    status: clusterStatus(facts),
  };
}

function clusterStatus(facts: ClusterFacts): Record<string, unknown> {
  const { description, profile, caCert, credential, installUuid, id, at } = facts;
  return {
    agentFeatures: { fleet: false, "multi-cluster-management": false, "multi-cluster-management-agent": true },
    agentImage: agentImage(profile),
    allocatable: { cpu: "2", memory: "8Gi", pods: "110" },
    apiEndpoint: "https://10.43.0.1:443",
    appliedAgentEnvVars: [
      { name: "CATTLE_SERVER_VERSION", value: profile.version },
      { name: "CATTLE_INSTALL_UUID", value: installUuid },
      { name: "CATTLE_INGRESS_IP_DOMAIN", value: "sslip.io" },
    ],
    authImage: "",
    caCert: Buffer.from(caCert).toString("base64"),
    conditions: conditions(at, profile),
    driver: description.driver,
    info: {
      arch: "amd64",
      kubernetesVersion: description.kubernetes,
      machineProvider: description.driver,
      nodeCount: 1,
    },
    linuxWorkerCount: 1,
    nodeCount: 1,
    provider: description.driver === "rke2" ? "rke2" : "k3s",
    ...(profile.tokenInStatus
      ? { serviceAccountToken: credential }
      : { serviceAccountTokenSecret: `cluster-serviceaccounttoken-${id.slice(-5)}` }),
    version: { gitVersion: description.kubernetes, major: "1", minor: description.kubernetes.split(".")[1] },
    windowsWorkerCount: description.windows ? 1 : 0,
  };
}

function conditions(at: Date, profile: RancherProfile): Record<string, string>[] {
  const lastUpdateTime = at.toISOString().replace(/\.\d+Z$/, "Z");
  const done = ["BackingNamespaceCreated", "Pending", "Provisioned", "Waiting", "ServiceAccountSecretsMigrated"];
  const condition = (type: string, status: string, rest = {}) => ({ lastUpdateTime, status, type, ...rest });
  return [
    ...done.map((type) => condition(type, "True")),
    condition("Connected", "False"),
    ...(profile.tlsMode ? [condition("AgentTlsStrictCheck", "Unknown")] : []),
    condition("GlobalAdminsSynced", "True"),
    condition("Ready", "False", { reason: "Disconnected", message: "Cluster agent is not connected" }),
    condition("AgentDeployed", "True"),
    condition("SystemAccountCreated", "True"),
    condition("Updated", "True"),
  ];
}

/** From Rancher 2.15 on (and late 2.13, 2.14) the token itself is in a Secret and the commands hold `{token}`. */
function registrationToken(facts: ClusterFacts, name: string, token: string): NewObject[] {
  const { id, serverUrl, profile } = facts;
  const shown = profile.tokenSecrets ? "{token}" : token;
  const manifestUrl = `${serverUrl}/v3/import/${shown}_${id}.yaml`;
  const script = `${serverUrl}/system-agent-install.sh | sudo  sh -s - --server ${serverUrl} --label 'cattle.io/os=linux' --token ${shown} --ca-checksum ${caChecksum(facts.bundle)}`;
  const expiresAt = new Date(facts.at.getTime() + 30 * 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");
  const stored = profile.tokenSecrets ? { token: "", tokenSecretName: `crt-token-${name}`, expiresAt } : { token };
  const object: NewObject = {
    apiVersion: "management.cattle.io/v3",
    kind: "ClusterRegistrationToken",
    metadata: { name, namespace: id },
    spec: { clusterName: id },
    status: {
      command: `kubectl apply -f ${manifestUrl}`,
      insecureCommand: `curl --insecure -sfL ${manifestUrl} | kubectl apply -f -`,
      manifestUrl,
      nodeCommand: ` curl -fL ${script}`,
      insecureNodeCommand: ` curl --insecure -fL ${script}`,
      ...stored,
    },
  };
  if (!profile.tokenSecrets) return [object];
  const kept = secret(`crt-token-${name}`, "Opaque", { token, expiresAt });
  return [object, { ...kept, metadata: { name: `crt-token-${name}`, namespace: id } }];
}

function managementNode({ id, at }: ClusterFacts): NewObject {
  return {
    apiVersion: "management.cattle.io/v3",
    kind: "Node",
    metadata: { name: `machine-${id.slice(-5)}`, namespace: id },
    spec: { controlPlane: true, etcd: true, worker: true },
    status: { nodeName: "node-1", conditions: [{ type: "Ready", status: "True", lastUpdateTime: at.toISOString() }] },
  };
}

/** What shows that there are consumers beside the cluster agent: present, so that they can be recognised. */
function provisioned({ id, description, bundle }: ClusterFacts): NewObject[] {
  const name = description.name;
  const metadata = { name, namespace: "fleet-default" };
  const encoded = `"${Buffer.from(bundle).toString("base64")}"`;
  const rke2: NewObject = {
    apiVersion: "provisioning.cattle.io/v1",
    kind: "Cluster",
    metadata,
    spec: { kubernetesVersion: `${description.kubernetes}+rke2r1`, rkeConfig: {} },
    status: { clusterName: id, ready: true, observedGeneration: 1 },
  };
  const fleet: NewObject = {
    apiVersion: "fleet.cattle.io/v1alpha1",
    kind: "Cluster",
    metadata: { ...metadata, labels: { "management.cattle.io/cluster-name": id } },
    spec: { kubeConfigSecret: `${name}-kubeconfig` },
    status: { apiServerCAHash: createHash("sha224").update(encoded).digest("hex"), agentConfigChanged: false },
  };
  return [...(description.driver === "rke2" ? [rke2] : []), ...(description.fleet ? [fleet] : [])];
}
