/** Which objects a backup of an estate holds: all that any procedure may change, and what they refer to. */
import type { KubeObject } from "../kubernetes/object.ts";
import {
  daemonSets,
  deployments,
  ingresses,
  managementClusters,
  type Resource,
  secrets,
  serviceAccounts,
  settings,
} from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";

/** Objects of one collection that belong into a backup. */
export interface Collection {
  readonly resource: Resource;
  readonly kind: string;
  readonly wanted: (object: KubeObject) => boolean;
}

const all = (): boolean => true;
const named = (pattern: RegExp) => (object: KubeObject) => pattern.test(object.metadata.name);

/** Of a Rancher that is installed in the given namespace. Kinds that a cluster does not have are no gaps. */
export function managementCollections(namespace: string): readonly Collection[] {
  const certManager = { group: "cert-manager.io", version: "v1", namespace };
  return [
    { resource: secrets(namespace), kind: "Secret", wanted: isServerSecret },
    { resource: deployments(namespace), kind: "Deployment", wanted: named(/^rancher/) },
    { resource: ingresses(namespace), kind: "Ingress", wanted: all },
    { resource: { ...certManager, plural: "certificates" }, kind: "Certificate", wanted: all },
    { resource: { ...certManager, plural: "issuers" }, kind: "Issuer", wanted: all },
    // Tokens by which Rancher reaches clusters (Rancher ≥ 2.6.7; before, they stand in the cluster's status).
    { resource: secrets("cattle-global-data"), kind: "Secret", wanted: named(/^cluster-serviceaccounttoken-/) },
    { resource: settings, kind: "Setting", wanted: named(/^(internal-)?(cacerts|server-url)$|^agent-tls-mode$/) },
    { resource: managementClusters, kind: "Cluster", wanted: all },
    {
      resource: { group: "provisioning.cattle.io", version: "v1", plural: "clusters" },
      kind: "Cluster",
      wanted: all,
    },
  ];
}

/** Of a cluster that Rancher manages. */
export const DOWNSTREAM_COLLECTIONS: readonly Collection[] = [
  { resource: deployments(AGENT.namespace), kind: "Deployment", wanted: named(/^cattle-cluster-agent$/) },
  { resource: daemonSets(AGENT.namespace), kind: "DaemonSet", wanted: named(/^(cattle-node-agent|kube-api-auth)/) },
  { resource: serviceAccounts(AGENT.namespace), kind: "ServiceAccount", wanted: named(/^cattle$/) },
  {
    resource: secrets(AGENT.namespace),
    kind: "Secret",
    wanted: named(/^cattle-(token|credentials)-|^stv-aggregation$/),
  },
  { resource: secrets("cattle-impersonation-system"), kind: "Secret", wanted: all },
];

/** Certificates and bundles of the server, whatever they are called, and what Helm keeps of its releases. */
function isServerSecret({ metadata, type }: KubeObject): boolean {
  return type === "kubernetes.io/tls" || type === "helm.sh/release.v1" || metadata.name.startsWith("tls-");
}
