import { createHash } from "node:crypto";
import type { NewObject } from "../cluster-client.ts";
import type { RancherProfile } from "./profile.ts";
import type { SettingMemory } from "./setting-memory.ts";

/** What the manifest of an agent depends on. */
export interface ManifestFacts {
  readonly profile: RancherProfile;
  readonly serverUrl: string;
  /** The setting `cacerts`. */
  readonly bundle: string;
  readonly installUuid: string;
  /** Whether agents must verify strictly (`agent-tls-mode`); undefined before Rancher 2.9, which cannot say. */
  readonly strict: boolean | undefined;
  /** The registration token that the agent connects with. */
  readonly token: string;
  /** The cluster's ID, or "" in a manifest for importing. */
  readonly namespace: string;
  /** `CATTLE_FEATURES`; the import manifest has none (rancher.md §0a row 14). */
  readonly features: string | undefined;
}

/** `CATTLE_FEATURES` as Rancher's own deployment sets it. */
export const AGENT_FEATURES =
  "fleet=false,managed-system-upgrade-controller=false,multi-cluster-management=false,multi-cluster-management-agent=true,provisioningprebootstrap=false,provisioningv2=false,rke2=false,turtles=false";

/** The facts as the settings of one Rancher process have them. */
export function factsFrom(
  settings: SettingMemory,
  rest: Pick<ManifestFacts, "profile" | "serverUrl" | "token" | "namespace" | "features">,
): ManifestFacts {
  return {
    ...rest,
    bundle: settings.value("cacerts"),
    installUuid: settings.value("install-uuid"),
    strict: rest.profile.tlsMode ? settings.value("agent-tls-mode") === "strict" : undefined,
  };
}

/** `CATTLE_CA_CHECKSUM` as Rancher's server computes it from the setting's value. */
export function caChecksum(value: string): string {
  if (value === "") return "";
  return createHash("sha256")
    .update(value.endsWith("\n") ? value : `${value}\n`)
    .digest("hex");
}

/** The name of the Secret with the agent's credentials: Rancher ≥ 2.9 hashes URL, token and namespace into it. */
export function credentialName(facts: ManifestFacts): string {
  const hash = createHash("sha256").update(`${facts.serverUrl}.${facts.token}.${facts.namespace}`).digest("hex");
  return `cattle-credentials-${hash.slice(0, 10)}`;
}

export function agentImage(profile: RancherProfile): string {
  return `rancher/rancher-agent:${profile.version}`;
}

/** What Rancher applies to a cluster to run its agent, in the order in which it is applied. */
export function agentManifest(facts: ManifestFacts): NewObject[] {
  return [...accounts(), credentials(facts), agentDeployment(facts), service()];
}

function accounts(): NewObject[] {
  const labels = { "cattle.io/creator": "norman" };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "cattle-system" } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "cattle", namespace: "cattle-system" } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "cattle-admin", labels },
      rules: [
        { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
        { nonResourceURLs: ["*"], verbs: ["*"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "cattle-admin-binding", labels },
      subjects: [{ kind: "ServiceAccount", name: "cattle", namespace: "cattle-system" }],
      roleRef: { kind: "ClusterRole", name: "cattle-admin", apiGroup: "rbac.authorization.k8s.io" },
    },
  ];
}

function credentials(facts: ManifestFacts): NewObject {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: credentialName(facts), namespace: "cattle-system" },
    type: "Opaque",
    data: { url: base64(facts.serverUrl), token: base64(facts.token), namespace: base64(facts.namespace) },
  };
}

/** The Deployment as recorded: no probes, no `minReadySeconds`, one pod more and none less while it rolls. */
export function agentDeployment(facts: ManifestFacts): NewObject {
  const volume = "cattle-credentials";
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "cattle-cluster-agent",
      namespace: "cattle-system",
      annotations: { "management.cattle.io/scale-available": "2" },
    },
    spec: {
      selector: { matchLabels: { app: "cattle-cluster-agent" } },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: { app: "cattle-cluster-agent" } },
        spec: {
          affinity: affinity(),
          serviceAccountName: "cattle",
          tolerations: [
            { effect: "NoSchedule", key: "node-role.kubernetes.io/controlplane", value: "true" },
            { effect: "NoSchedule", key: "node-role.kubernetes.io/control-plane", operator: "Exists" },
          ],
          containers: [
            {
              name: "cluster-register",
              image: agentImage(facts.profile),
              imagePullPolicy: "IfNotPresent",
              env: environment(facts),
              volumeMounts: [{ name: volume, mountPath: `/${volume}`, readOnly: true }],
            },
          ],
          volumes: [{ name: volume, secret: { secretName: credentialName(facts), defaultMode: 320 } }],
        },
      },
    },
  };
}

/**
 * RKE1 clusters under Rancher ≤ 2.11: an agent on every node, which pins the bundle, too. Rancher updates a quarter of the
 * nodes at a time.
 */
export function nodeAgentDaemonSet(facts: Omit<ManifestFacts, "features">): NewObject {
  const labels = { app: "cattle-agent" };
  const volume = "cattle-credentials";
  const env = environment({ ...facts, features: undefined }).map(({ name, value }) =>
    name === "CATTLE_CLUSTER" ? { name, value: "false" } : { name, value },
  );
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "cattle-node-agent", namespace: "cattle-system" },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%" } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: "cattle",
          tolerations: [{ operator: "Exists" }],
          containers: [
            {
              name: "agent",
              image: agentImage(facts.profile),
              imagePullPolicy: "IfNotPresent",
              env,
              volumeMounts: [{ name: volume, mountPath: `/${volume}`, readOnly: true }],
            },
          ],
          volumes: [
            {
              name: volume,
              secret: { secretName: credentialName({ ...facts, features: undefined }), defaultMode: 320 },
            },
          ],
        },
      },
    },
  };
}

/** The environment of the container `cluster-register`, in Rancher's order. */
function environment(facts: ManifestFacts): { name: string; value: string }[] {
  const { profile } = facts;
  const pairs: (readonly [string, string | undefined])[] = [
    ["CATTLE_FEATURES", facts.features],
    ["CATTLE_IS_RKE", profile.rke1 ? "false" : undefined],
    ["CATTLE_SERVER", facts.serverUrl],
    ["CATTLE_CA_CHECKSUM", caChecksum(facts.bundle)],
    ["CATTLE_CLUSTER", "true"],
    ["CATTLE_K8S_MANAGED", "true"],
    [profile.registryVariable, ""],
    ["CATTLE_CREDENTIAL_NAME", profile.credentialName ? credentialName(facts) : undefined],
    ["CATTLE_SUC_APP_NAME_OVERRIDE", profile.sucOverride ? "" : undefined],
    ["CATTLE_SERVER_VERSION", profile.version],
    ["CATTLE_INSTALL_UUID", facts.installUuid],
    ["CATTLE_INGRESS_IP_DOMAIN", "sslip.io"],
    ["STRICT_VERIFY", facts.strict === undefined ? undefined : String(facts.strict)],
  ];
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

function affinity(): Record<string, unknown> {
  const labelled = (key: string, weight: number) => ({
    preference: { matchExpressions: [{ key, operator: "In", values: ["true"] }] },
    weight,
  });
  return {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        labelled("node-role.kubernetes.io/controlplane", 100),
        labelled("node-role.kubernetes.io/control-plane", 100),
        labelled("cattle.io/cluster-agent", 1),
      ],
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "kubernetes.io/os", operator: "NotIn", values: ["windows"] }] },
        ],
      },
    },
  };
}

function service(): NewObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "cattle-cluster-agent", namespace: "cattle-system" },
    spec: {
      ports: [
        { port: 80, targetPort: 80, protocol: "TCP", name: "http" },
        { port: 443, targetPort: 444, protocol: "TCP", name: "https-internal" },
      ],
      selector: { app: "cattle-cluster-agent" },
    },
  };
}
