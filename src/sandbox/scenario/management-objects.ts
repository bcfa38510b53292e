import type { NewObject } from "../cluster-client.ts";
import { hashedToken } from "../rancher/authentication.ts";
import type { RancherProfile } from "../rancher/profile.ts";
import { helmRelease } from "./helm-release.ts";
import { rancherDeployment, rancherLabels } from "./rancher-deployment.ts";
import { type SettingFacts, settings } from "./settings.ts";

/** The administrator whose token a person would use. */
export const ADMIN_USER = "user-wfjvt";

export interface ManagementFacts extends SettingFacts {
  readonly hostname: string;
  readonly replicas: number;
  /** `tls-ca` as it is written, which is not always what Rancher stores. */
  readonly bundleFile: string;
  readonly serving: { readonly certificate: string; readonly key: string };
  readonly token: { readonly name: string; readonly secret: string; readonly expiresAt: string };
  readonly internalKey: string;
  readonly at: Date;
}

/** Everything in the management cluster that is not about one downstream cluster, in the order of creation. */
export function managementObjects(facts: ManagementFacts): NewObject[] {
  return [
    ...["cattle-system", "cattle-global-data", "cattle-fleet-system", "fleet-default", "fleet-local"].map(namespace),
    ...["rancher", "rancher-webhook"].map(serviceAccount),
    priorityClass(),
    ...settings(facts),
    feature("multi-cluster-management", true),
    feature("fleet", true),
    ...(facts.profile.tokenSecrets ? [feature("crt-token-ttl-rotation", true)] : []),
    user(),
    token(facts),
    ...secrets(facts),
    ...workloads(facts),
  ];
}

function namespace(name: string): NewObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

function serviceAccount(name: string): NewObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "cattle-system" } };
}

/** The chart's `rancher-critical`: pods that name a class that is not there are refused. */
function priorityClass(): NewObject {
  const metadata = { name: "rancher-critical" };
  return { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata, value: 1_000_000_000 };
}

function feature(name: string, value: boolean): NewObject {
  return {
    apiVersion: "management.cattle.io/v3",
    kind: "Feature",
    metadata: { name },
    spec: { value },
    status: { default: value, dynamic: false },
  };
}

function user(): NewObject {
  return {
    apiVersion: "management.cattle.io/v3",
    kind: "User",
    metadata: { name: ADMIN_USER, labels: { "authz.management.cattle.io/bootstrapping": "admin-user" } },
    username: "admin",
    displayName: "Default Admin",
    principalIds: [`local://${ADMIN_USER}`],
  };
}

function token({ token: { name, secret, expiresAt } }: ManagementFacts): NewObject {
  return {
    apiVersion: "management.cattle.io/v3",
    kind: "Token",
    metadata: {
      name,
      labels: { "authn.management.cattle.io/token-userId": ADMIN_USER },
      annotations: { "authn.management.cattle.io/token-hashed": "true" },
    },
    authProvider: "local",
    description: "farrier",
    isDerived: true,
    token: hashedToken(secret),
    ttl: 0,
    expiresAt,
    userId: ADMIN_USER,
  };
}

function secrets(facts: ManagementFacts): NewObject[] {
  const tls = (name: string, certificate: string, key: string) =>
    secret(name, "kubernetes.io/tls", { "tls.crt": certificate, "tls.key": key });
  const { certificate, key } = facts.serving;
  return [
    secret("bootstrap-secret", "Opaque", { bootstrapPassword: "bootstrap" }),
    secret("tls-ca", "Opaque", { "cacerts.pem": facts.bundleFile }),
    tls("tls-rancher-ingress", certificate, key),
    tls("tls-rancher-internal-ca", facts.internalCa, facts.internalKey),
    helmRelease(facts.profile, helmValues(facts), facts.at),
  ];
}

function helmValues({ hostname, replicas, tlsMode }: ManagementFacts): Record<string, unknown> {
  const mode = tlsMode === "strict" ? {} : { agentTLSMode: tlsMode };
  return { hostname, replicas, privateCA: true, ingress: { tls: { source: "secret" } }, ...mode };
}

export function secret(name: string, type: string, plain: Readonly<Record<string, string>>): NewObject {
  const data = Object.fromEntries(
    Object.entries(plain).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "cattle-system" }, type, data };
}

function workloads({ profile, replicas, hostname }: ManagementFacts): NewObject[] {
  const metadata = { name: "rancher", namespace: "cattle-system", labels: rancherLabels(profile) };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        ports: [
          { port: 80, name: "http" },
          { port: 443, name: "https-internal" },
        ],
        selector: { app: "rancher" },
      },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata,
      spec: {
        rules: [
          {
            host: hostname,
            http: {
              paths: [
                {
                  path: "/",
                  pathType: "ImplementationSpecific",
                  backend: { service: { name: "rancher", port: { number: 80 } } },
                },
              ],
            },
          },
        ],
        tls: [{ hosts: [hostname], secretName: "tls-rancher-ingress" }],
      },
    },
    rancherDeployment(profile, replicas),
    webhook(profile),
  ];
}

/** The webhook's version goes with Rancher's: 2.15.0 brought 0.11.0, and 2.15.1 the corrected 0.11.1. */
function webhook(profile: RancherProfile): NewObject {
  const labels = { app: "rancher-webhook" };
  const [, minor = "15", patch = "0"] = profile.version.split(".");
  const image = `rancher/rancher-webhook:v0.${Math.max(1, Number(minor) - 4)}.${patch}`;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "rancher-webhook", namespace: "cattle-system", labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { serviceAccountName: "rancher-webhook", containers: [{ name: "rancher-webhook", image }] },
      },
    },
  };
}
