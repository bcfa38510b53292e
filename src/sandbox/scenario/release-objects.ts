import { resourceKind } from "../api-server/built-in-kinds.ts";
import type { NewObject } from "../cluster-client.ts";
import type { RancherProfile } from "../rancher/profile.ts";
import { rancherDeployment, rancherLabels } from "./rancher-deployment.ts";

/** Where the serving certificate comes from: the chart's `ingress.tls.source`, or its `tls: external`. */
export type TlsSource = "secret" | "rancher" | "letsEncrypt" | "external";

/** cert-manager writes the certificate, and no bundle is mounted. */
export function isIssued(source: TlsSource): source is "rancher" | "letsEncrypt" {
  return source === "rancher" || source === "letsEncrypt";
}

export interface ReleaseFacts {
  readonly profile: RancherProfile;
  readonly hostname: string;
  readonly replicas: number;
  readonly source: TlsSource;
  /** What leads to Rancher and ends TLS: its chart's Ingress or, since Rancher 2.14, its Gateway. */
  readonly exposure: "ingress" | "gateway";
  /** It runs in a single container, and no chart has made anything. */
  readonly container: boolean;
}

const GATEWAY_GROUP = { group: "gateway.networking.k8s.io", version: "v1", namespaced: true, custom: true };

/** Gateway API, as far as Rancher's chart uses it. */
export const GATEWAY_KINDS = [
  resourceKind({
    ...GATEWAY_GROUP,
    resource: "gateways",
    kind: "Gateway",
    statusSubresource: true,
    tracksGeneration: true,
  }),
  resourceKind({
    ...GATEWAY_GROUP,
    resource: "httproutes",
    kind: "HTTPRoute",
    statusSubresource: true,
    tracksGeneration: true,
  }),
];

/** The values that the installation was given. */
export function releaseValues({ hostname, replicas, source, exposure }: ReleaseFacts): Record<string, unknown> {
  const given = { hostname, replicas };
  // The Ingress's own source stays at its default: nothing in the chart asks people to change that as well.
  if (exposure === "gateway") {
    const gateway = { gatewayClass: { tls: { source } } };
    return { ...given, privateCA: true, networkExposure: { type: exposure }, gateway };
  }
  if (source === "rancher") return given;
  if (source === "letsEncrypt") return { ...given, ingress: { tls: { source } }, letsEncrypt: { email: ACME_EMAIL } };
  return { ...given, privateCA: true, ...(source === "external" ? { tls: source } : { ingress: { tls: { source } } }) };
}

/** The objects that the chart gives with these values: what belongs to the Helm release. */
export function releaseObjects(facts: ReleaseFacts): NewObject[] {
  const { profile, replicas, source, exposure } = facts;
  if (facts.container) return [];
  const made = [
    service(profile),
    ...(exposure === "gateway" ? gateway(facts) : [ingress(facts)]),
    rancherDeployment(profile, { replicas, privateCa: !isIssued(source), noCacerts: source === "letsEncrypt" }),
  ];
  return isIssued(source) ? [...made, issuer(profile, source)] : made;
}

/** Whom the ACME account is registered for. */
const ACME_EMAIL = "ops@example.test";

function metadata(profile: RancherProfile) {
  const annotations = { "meta.helm.sh/release-name": "rancher", "meta.helm.sh/release-namespace": "cattle-system" };
  return { name: "rancher", namespace: "cattle-system", labels: rancherLabels(profile), annotations };
}

function service(profile: RancherProfile): NewObject {
  const ports = [
    { port: 80, name: "http" },
    { port: 443, name: "https-internal" },
  ];
  const spec = { ports, selector: { app: "rancher" } };
  return { apiVersion: "v1", kind: "Service", metadata: metadata(profile), spec };
}

function ingress({ profile, hostname, source }: ReleaseFacts): NewObject {
  const { annotations, ...common } = metadata(profile);
  const issued = { "cert-manager.io/issuer": "rancher", "cert-manager.io/issuer-kind": "Issuer" };
  const backend = { service: { name: "rancher", port: { number: 80 } } };
  const paths = [{ path: "/", pathType: "ImplementationSpecific", backend }];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { ...common, annotations: isIssued(source) ? { ...annotations, ...issued } : annotations },
    spec: {
      rules: [{ host: hostname, http: { paths } }],
      ...(source === "external" ? {} : { tls: [{ hosts: [hostname], secretName: "tls-rancher-ingress" }] }),
    },
  };
}

function gateway({ profile, hostname }: ReleaseFacts): NewObject[] {
  const common = metadata(profile);
  const tls = { mode: "Terminate", certificateRefs: [{ name: "tls-rancher-ingress" }] };
  const listeners = [
    { name: "rancher-http", hostname, port: 8000, protocol: "HTTP" },
    { name: "rancher-https", hostname, port: 8443, protocol: "HTTPS", tls },
  ];
  const parentRefs = [{ name: "rancher-gateway", sectionName: "rancher-https" }];
  const rules = [{ backendRefs: [{ name: "rancher", port: 80 }] }];
  const apiVersion = "gateway.networking.k8s.io/v1";
  return [
    {
      apiVersion,
      kind: "Gateway",
      metadata: { ...common, name: "rancher-gateway" },
      spec: { gatewayClassName: "traefik", listeners },
    },
    { apiVersion, kind: "HTTPRoute", metadata: common, spec: { hostnames: [hostname], parentRefs, rules } },
  ];
}

/** cert-manager signs with the CA that Rancher has made for itself, or asks an ACME server (rancher.md §1.4). */
function issuer(profile: RancherProfile, source: "rancher" | "letsEncrypt"): NewObject {
  const acme = {
    server: "https://acme-v02.api.letsencrypt.org/directory",
    email: ACME_EMAIL,
    privateKeySecretRef: { name: "letsencrypt-production" },
    solvers: [{ http01: { ingress: {} } }],
  };
  const spec = source === "rancher" ? { ca: { secretName: "tls-rancher" } } : { acme };
  return { apiVersion: "cert-manager.io/v1", kind: "Issuer", metadata: metadata(profile), spec };
}
