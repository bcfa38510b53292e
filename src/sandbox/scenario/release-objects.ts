import type { NewObject } from "../cluster-client.ts";
import type { RancherProfile } from "../rancher/profile.ts";
import { rancherDeployment, rancherLabels } from "./rancher-deployment.ts";

/** Where the serving certificate comes from: the chart's `ingress.tls.source`, or its `tls: external`. */
export type TlsSource = "secret" | "rancher" | "external";

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
  return { ...given, privateCA: true, ...(source === "external" ? { tls: source } : { ingress: { tls: { source } } }) };
}

/** The objects that the chart gives with these values: what belongs to the Helm release. */
export function releaseObjects(facts: ReleaseFacts): NewObject[] {
  const { profile, replicas, source } = facts;
  const made = [
    service(profile),
    ingress(facts),
    rancherDeployment(profile, { replicas, privateCa: source !== "rancher" }),
  ];
  return source === "rancher" ? [...made, issuer(profile)] : made;
}

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
    metadata: { ...common, annotations: source === "rancher" ? { ...annotations, ...issued } : annotations },
    spec: {
      rules: [{ host: hostname, http: { paths } }],
      ...(source === "external" ? {} : { tls: [{ hosts: [hostname], secretName: "tls-rancher-ingress" }] }),
    },
  };
}

/** cert-manager signs with the CA that Rancher has made for itself. */
function issuer(profile: RancherProfile): NewObject {
  const spec = { ca: { secretName: "tls-rancher" } };
  return { apiVersion: "cert-manager.io/v1", kind: "Issuer", metadata: metadata(profile), spec };
}
