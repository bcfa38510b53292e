/** How Rancher is installed, read off the objects that its chart makes. */
import { z } from "zod";
import { type Deployment, isRolledOut } from "../kubernetes/deployment.ts";
import type { KubeObject } from "../kubernetes/object.ts";

/** Name of the volume with which the chart's `privateCA: true` mounts Secret `tls-ca` (all versions since 2.2). */
const TRUST_VOLUME = "tls-ca-volume";

/** The Secret that the server reads its bundle from at start; undefined when the chart has `privateCA: false`. */
export function trustSecretOf(deployment: Deployment): string | undefined {
  const volume = deployment.spec.template.spec.volumes.find(({ name }) => name === TRUST_VOLUME);
  return volume?.secret?.secretName;
}

/** It is Rancher's server, whatever the release is called: its image is, or the chart's label is. */
export function isRancherServer(object: KubeObject, deployment: Deployment): boolean {
  const chart = object.metadata.labels?.chart ?? "";
  return (
    /^rancher(-prime)?-\d/.test(chart) ||
    deployment.spec.template.spec.containers.some(({ image }) => /(^|\/)rancher(\/rancher)?(:|@)/.test(image))
  );
}

/** A rollout that has not come to its end. */
export function isRollingOut(deployment: Deployment): boolean {
  return !isRolledOut(deployment);
}

const ingressSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    tls: z.array(z.object({ secretName: z.string().default(""), hosts: z.array(z.string()).default([]) })).default([]),
  }),
});

export interface IngressFacts {
  /** Undefined where TLS ends before the cluster (`tls: external`). */
  readonly servingSecret: string | undefined;
  /** The cert-manager Issuer that makes the certificate; undefined for a certificate that people bring. */
  readonly issuer: string | undefined;
}

/** What the chart's Ingress says about the serving certificate; undefined for an object that is not an Ingress. */
export function readIngress(object: KubeObject): IngressFacts | undefined {
  const parsed = ingressSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec } = parsed.data;
  const annotations = metadata.annotations;
  // Charts before 2.7 wrote the annotation of cert-manager < 0.11.
  const issuer = annotations["cert-manager.io/issuer"] ?? annotations["certmanager.k8s.io/issuer"];
  const secretName = spec.tls[0]?.secretName;
  return { servingSecret: secretName === "" ? "tls-rancher-ingress" : secretName, issuer };
}

const gatewaySchema = z.object({
  spec: z.object({
    listeners: z
      .array(
        z.object({
          tls: z.object({ certificateRefs: z.array(z.object({ name: z.string() })).default([]) }).optional(),
        }),
      )
      .default([]),
  }),
});

/** The Secret that the chart's Gateway ends TLS with (Rancher ≥ 2.14); undefined for one without, as `tls: external`. */
export function gatewaySecret(object: KubeObject): string | undefined {
  const parsed = gatewaySchema.safeParse(object);
  return parsed.data?.spec.listeners.flatMap(({ tls }) => tls?.certificateRefs ?? [])[0]?.name;
}

export type TlsSource = "secret" | "rancher" | "letsEncrypt" | "external" | "unknown";

/** Which of the chart's `ingress.tls.source` is in use. @param issuer the Issuer, where the Ingress names one */
export function tlsSourceOf(ingress: IngressFacts | undefined, issuer: KubeObject | undefined): TlsSource {
  if (ingress === undefined) return "unknown";
  if (ingress.issuer !== undefined) {
    const spec: unknown = issuer?.spec;
    if (typeof spec !== "object" || spec === null) return "unknown";
    if ("acme" in spec) return "letsEncrypt";
    return "ca" in spec ? "rancher" : "unknown";
  }
  return ingress.servingSecret === undefined ? "external" : "secret";
}

const definitionSchema = z.object({
  spec: z.object({
    versions: z.array(
      z.object({ name: z.string(), subresources: z.object({ status: z.unknown() }).partial().nullish() }),
    ),
  }),
});

/** Whether version `v3` of a CustomResourceDefinition has the status subresource (Rancher's clusters: since 2.15). */
export function hasStatusSubresource(definition: KubeObject): boolean {
  const parsed = definitionSchema.safeParse(definition);
  if (!parsed.success) return false;
  const version = parsed.data.spec.versions.find(({ name }) => name === "v3");
  return version?.subresources?.status !== undefined;
}
