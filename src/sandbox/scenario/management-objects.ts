import type { NewObject } from "../cluster-client.ts";
import { hashedToken } from "../rancher/authentication.ts";
import type { RancherProfile } from "../rancher/profile.ts";
import type { Authority } from "./authority.ts";
import { ISSUED_BY } from "./cert-manager.ts";
import { helmRelease } from "./helm-release.ts";
import { isIssued, type ReleaseFacts, releaseObjects } from "./release-objects.ts";
import { type SettingFacts, settings } from "./settings.ts";

/** The administrator whose token a person would use. */
export const ADMIN_USER = "user-wfjvt";

export interface ManagementFacts extends SettingFacts, ReleaseFacts {
  /** Who signed the serving certificate. */
  readonly authority: Pick<Authority, "rootPem" | "rootKeyPem">;
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
    ...(facts.source === "external" ? [namespace("load-balancer")] : []),
    ...["rancher", "rancher-webhook"].map(serviceAccount),
    priorityClass(),
    ...settings(facts),
    feature("multi-cluster-management", true),
    feature("fleet", true),
    ...(facts.profile.tokenSecrets ? [feature("crt-token-ttl-rotation", true)] : []),
    user(),
    token(facts),
    ...secrets(facts),
    ...releaseObjects(facts),
    webhook(facts.profile),
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
  return [
    secret("bootstrap-secret", "Opaque", { bootstrapPassword: "bootstrap" }),
    ...(isIssued(facts.source) ? issuedSecrets(facts) : givenSecrets(facts)),
    tlsSecret("tls-rancher-internal-ca", { certificate: facts.internalCa, key: facts.internalKey }),
    ...(facts.container ? [] : [helmRelease(facts, facts.at)]),
  ];
}

/** Where the certificate is that whatever ends TLS presents. */
export function servingPlace(source: ReleaseFacts["source"]): { readonly namespace: string; readonly name: string } {
  return source === "external"
    ? { namespace: "load-balancer", name: "certificate" }
    : { namespace: "cattle-system", name: "tls-rancher-ingress" };
}

function givenSecrets(facts: ManagementFacts): NewObject[] {
  const bundle = secret("tls-ca", "Opaque", { "cacerts.pem": facts.bundleFile });
  // A container has its bundle from a file of its host.
  return facts.container ? [servingSecret(facts)] : [bundle, servingSecret(facts)];
}

function servingSecret({ source, serving }: ManagementFacts): NewObject {
  const { namespace, name } = servingPlace(source);
  const made = tlsSecret(name, serving);
  return { ...made, metadata: { ...made.metadata, namespace } };
}

/** The CA that Rancher has made, if it is that, and the certificate that cert-manager has made or fetched. */
function issuedSecrets({ authority, serving, source }: ManagementFacts): NewObject[] {
  const own = tlsSecret("tls-rancher", { certificate: authority.rootPem, key: authority.rootKeyPem });
  const issued = tlsSecret("tls-rancher-ingress", serving);
  return [
    ...(source === "rancher" ? [own] : []),
    { ...issued, metadata: { ...issued.metadata, annotations: ISSUED_BY } },
  ];
}

function tlsSecret(name: string, { certificate, key }: { readonly certificate: string; readonly key: string }) {
  return secret(name, "kubernetes.io/tls", { "tls.crt": certificate, "tls.key": key });
}

export function secret(name: string, type: string, plain: Readonly<Record<string, string>>): NewObject {
  const data = Object.fromEntries(
    Object.entries(plain).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "cattle-system" }, type, data };
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
