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
}

/** The values that the installation was given. */
export function releaseValues({ hostname, replicas, source }: ReleaseFacts): Record<string, unknown> {
  const given = { hostname, replicas };
  if (source === "rancher") return given;
  if (source === "letsEncrypt") return { ...given, ingress: { tls: { source } }, letsEncrypt: { email: ACME_EMAIL } };
  return { ...given, privateCA: true, ...(source === "external" ? { tls: source } : { ingress: { tls: { source } } }) };
}

/** The objects that the chart gives with these values: what belongs to the Helm release. */
export function releaseObjects(facts: ReleaseFacts): NewObject[] {
  const { profile, replicas, source } = facts;
  const made = [
    service(profile),
    ingress(facts),
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
