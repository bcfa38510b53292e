import type { NewObject } from "../cluster-client.ts";
import { SECRET_REFERENCE, tokenSecret } from "../rancher/account-secret.ts";
import { AGENT_FEATURES, agentManifest, type ManifestFacts, nodeAgentDaemonSet } from "../rancher/agent-manifest.ts";
import { annotated } from "../rancher/apply.ts";
import { IMPERSONATION } from "../rancher/impersonation.ts";
import { recordOf } from "../rancher/norman.ts";
import { ADMIN_USER, secret } from "./management-objects.ts";
import type { ScenarioCluster } from "./scenario.ts";

export interface DownstreamFacts {
  readonly manifest: Omit<ManifestFacts, "features">;
  readonly description: ScenarioCluster;
  /** The cluster's own CA, PEM. */
  readonly caCert: string;
  /** What the agent is pinned to, where that is not what Rancher serves. */
  readonly pin: string | undefined;
  /** Five letters and digits, as Kubernetes appends them to generated names. */
  readonly suffix: () => string;
}

/** What is in a downstream cluster that has been managed for some time, in the order of creation. */
export function downstreamObjects(facts: DownstreamFacts): NewObject[] {
  const manifest = agentManifest({ ...facts.manifest, features: AGENT_FEATURES }).map(annotated);
  const [namespace, ...rest] = manifest;
  return [
    ...(namespace === undefined ? [] : [inProject(namespace, facts.manifest.namespace)]),
    rootCertificate(facts.caCert),
    ...agentAccount(rest, facts),
    ...(facts.manifest.profile.personAccounts ? impersonation(facts) : []),
    ...(facts.description.driver === "rke2" || facts.description.windows ? upgradePlans(facts.description) : []),
    ...(facts.description.nodeAgent ? [annotated(nodeAgentDaemonSet(facts.manifest))] : []),
    ...(facts.description.fleet ? fleetAgent(facts) : []),
  ];
}

/** Rancher puts the namespaces of its own parts into the cluster's project System. */
function inProject(namespace: NewObject, clusterId: string): NewObject {
  const { annotations } = namespace.metadata;
  const metadata = {
    ...namespace.metadata,
    annotations: { ...annotations, "field.cattle.io/projectId": `${clusterId}:p-systm` },
  };
  return { ...namespace, metadata };
}

/** Kubernetes ≥ 1.20 has it in every namespace; this one is where Rancher's parts run. */
export function rootCertificate(caCert: string): NewObject {
  const metadata = { name: "kube-root-ca.crt", namespace: "cattle-system" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca.crt": caCert } };
}

/** The agent's objects, with the Secret that holds its account's token. */
function agentAccount(manifest: readonly NewObject[], facts: DownstreamFacts): NewObject[] {
  const name = `cattle-token-${facts.suffix()}`;
  const { firstSecret } = facts.manifest.profile;
  // Kubernetes makes it, and names it in the account.
  const isMade = firstSecret && Number(facts.description.kubernetes.split(".")[1]) < 24;
  const withToken = (account: NewObject): NewObject => {
    if (isMade) return account;
    return firstSecret ? { ...account, secrets: [{ name }] } : referring(account, name);
  };
  return [
    ...manifest.map((object) => {
      if (object.kind === "Deployment") return asDeployed(object, facts);
      return object.kind === "ServiceAccount" ? withToken(object) : object;
    }),
    // After its account: Kubernetes removes tokens of accounts that it does not find.
    ...(isMade ? [] : [tokenSecret({ namespace: "cattle-system", account: "cattle", name })]),
  ];
}

/** What Rancher ≥ 2.6 has made for the person's requests: an account for each user, with a token in a Secret. */
function impersonation({ suffix }: DownstreamFacts): NewObject[] {
  const account = `${IMPERSONATION.prefix}${ADMIN_USER}`;
  const { namespace } = IMPERSONATION;
  const name = `${account}-token-${suffix()}`;
  const object = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: account, namespace } };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    referring(object, name),
    tokenSecret({ namespace, account, name }),
  ];
}

function referring(account: NewObject, secretName: string): NewObject {
  const { annotations, namespace } = account.metadata;
  const reference = { [SECRET_REFERENCE]: `${namespace}/${secretName}` };
  return { ...account, metadata: { ...account.metadata, annotations: { ...annotations, ...reference } } };
}

/** The scenario's replicas and pin, which are not of Rancher's making. */
function asDeployed(deployment: NewObject, { description, pin }: DownstreamFacts): NewObject {
  const spec = recordOf(deployment.spec);
  if (pin === undefined) return { ...deployment, spec: { ...spec, replicas: description.agents } };
  const template = recordOf(spec.template);
  const podSpec = recordOf(template.spec);
  const containers = (Array.isArray(podSpec.containers) ? podSpec.containers : []).map((container) => ({
    ...container,
    env: container.env.map((entry: { name: string }) =>
      entry.name === "CATTLE_CA_CHECKSUM" ? { ...entry, value: pin } : entry,
    ),
  }));
  const changed = { ...template, spec: { ...podSpec, containers } };
  return { ...deployment, spec: { ...spec, replicas: description.agents, template: changed } };
}

/** The plans by which Rancher keeps the system-agents of a cluster's nodes up to date. */
function upgradePlans({ driver, windows }: ScenarioCluster): NewObject[] {
  const plan = (name: string, image: string): NewObject => ({
    apiVersion: "upgrade.cattle.io/v1",
    kind: "Plan",
    metadata: { name, namespace: "cattle-system" },
    spec: {
      concurrency: 10,
      version: "v0.3.13",
      upgrade: { image, envFrom: [{ secretRef: { name: "stv-aggregation" } }] },
    },
  });
  return [
    ...(driver === "rke2" ? [plan("system-agent-upgrader", "rancher/system-agent")] : []),
    ...(windows ? [plan("system-agent-upgrader-windows", "rancher/wins")] : []),
  ];
}

function fleetAgent({ manifest }: DownstreamFacts): NewObject[] {
  const namespace = "cattle-fleet-system";
  const labels = { app: "fleet-agent" };
  const kubeconfig = secret("fleet-agent", "Opaque", {
    kubeconfig: JSON.stringify({
      clusters: [
        {
          name: "default",
          cluster: {
            server: manifest.serverUrl,
            "certificate-authority-data": Buffer.from(manifest.bundle).toString("base64"),
          },
        },
      ],
    }),
  });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { ...kubeconfig, metadata: { name: "fleet-agent", namespace } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "fleet-agent", namespace },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "fleet-agent", image: "rancher/fleet-agent:v0.13.0" }] },
        },
      },
    },
  ];
}
