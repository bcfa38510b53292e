import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { loadAuthority } from "../../pki/issuing/authority.ts";
import { issueServing } from "../../pki/issuing/serving.ts";
import { resourceKind } from "../api-server/built-in-kinds.ts";
import type { Clock } from "../clock.ts";
import { ApiError, type ClusterClient, type KubeObject, type ResourceRef, type Watch } from "../cluster-client.ts";
import type { Authority } from "./authority.ts";

const GROUP = { group: "cert-manager.io", version: "v1", namespaced: true, tracksGeneration: true, custom: true };

/** cert-manager's own kinds, as far as Rancher's chart uses them. */
export const CERT_MANAGER_KINDS = [
  resourceKind({ ...GROUP, resource: "issuers", kind: "Issuer", statusSubresource: true }),
  resourceKind({ ...GROUP, resource: "certificates", kind: "Certificate", statusSubresource: true }),
];

const NAMESPACE = "cattle-system";
const SECRETS: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: NAMESPACE };
const INGRESSES: ResourceRef = {
  group: "networking.k8s.io",
  version: "v1",
  resource: "ingresses",
  namespace: NAMESPACE,
};
const ISSUERS: ResourceRef = { group: "cert-manager.io", version: "v1", resource: "issuers", namespace: NAMESPACE };
const CERTIFICATES: ResourceRef = { ...ISSUERS, resource: "certificates" };

/** The public authority, which signs whatever it is asked for. */
export type AcmeServer = Pick<Authority, "intermediatePem" | "intermediateKeyPem">;

/** What cert-manager notes on a Secret that it has written, for the chart's Issuer. */
export const ISSUED_BY = {
  "cert-manager.io/certificate-name": "tls-rancher-ingress",
  "cert-manager.io/issuer-kind": "Issuer",
  "cert-manager.io/issuer-name": "rancher",
};

/**
 * A stand-in for cert-manager. For an Ingress that names an Issuer it makes a Certificate; and for each Certificate it
 * sees to it that the Secret holds one of that Issuer, whoever wrote another. An Ingress that no longer names an Issuer
 * is passed over, and its Certificate stays (pkg/controller/certificate-shim/sync.go); so does a Secret whose Issuer is
 * not there.
 */
export class CertManager {
  readonly #acme: AcmeServer;
  readonly #watches: Watch[] = [];
  #client: ClusterClient | undefined;
  #clock: Clock | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param acme who answers where an Issuer names an ACME server; that a name is ours is taken for shown */
  constructor(acme: AcmeServer) {
    this.#acme = acme;
  }

  start(client: ClusterClient, clock: Clock): void {
    this.#client = client;
    this.#clock = clock;
    const look = () => {
      this.#work = this.#work.then(() => this.#reconcile());
    };
    for (const ref of [INGRESSES, ISSUERS, CERTIFICATES, SECRETS]) this.#watches.push(client.watch(ref, look));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const watch of this.#watches) watch.close();
    await this.#work;
  }

  async #reconcile(): Promise<void> {
    const [client, clock] = [this.#client, this.#clock];
    if (this.#stopped || client === undefined || clock === undefined) return;
    try {
      for (const ingress of (await client.list(INGRESSES)).items) await ensureCertificate(client, ingress);
      for (const certificate of (await client.list(CERTIFICATES)).items) {
        await ensureSecret({ client, clock, acme: this.#acme }, certificate);
      }
    } catch (error) {
      // Somebody wrote at the same time: their event brings it here again.
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

/** The shape of the chart's Ingress. */
const ingressSpec = z.object({
  tls: z.array(z.object({ hosts: z.array(z.string()).default([]), secretName: z.string().default("") })).default([]),
});

async function ensureCertificate(client: ClusterClient, ingress: KubeObject): Promise<void> {
  const issuer = ingress.metadata.annotations?.["cert-manager.io/issuer"];
  const spec = ingressSpec.safeParse(ingress.spec);
  if (issuer === undefined || !spec.success) return;
  for (const { hosts, secretName } of spec.data.tls) {
    if (secretName === "" || (await client.get(CERTIFICATES, secretName)) !== undefined) continue;
    const { name, uid = "" } = ingress.metadata;
    const owner = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name, uid, controller: true };
    await client.create(CERTIFICATES, {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: { name: secretName, namespace: NAMESPACE, ownerReferences: [owner] },
      spec: { dnsNames: hosts, secretName, issuerRef: { group: "cert-manager.io", kind: "Issuer", name: issuer } },
    });
  }
}

/** The shape of the Certificates that are made here; others have more, and dnsNames need not be among it. */
const certificateSpec = z.object({
  dnsNames: z.array(z.string()).default([]),
  secretName: z.string(),
  issuerRef: z.object({ name: z.string() }),
});

async function ensureSecret({ client, clock, acme }: Surroundings, certificate: KubeObject): Promise<void> {
  const spec = certificateSpec.safeParse(certificate.spec);
  if (!spec.success) return;
  const { dnsNames, secretName, issuerRef } = spec.data;
  const issuer = await client.get(ISSUERS, issuerRef.name);
  const ca = await authorityOf({ client, acme }, issuer);
  const secret = await client.get(SECRETS, secretName);
  if (ca === undefined || (secret !== undefined && isIssuedBy(secret, ca.certificatePem))) return;
  const leaf = await issueServing(ca, { hostnames: [...dnsNames, "127.0.0.1"], now: clock.now(), days: 90 });
  // An ACME server sends its intermediate along; what a CA of one's own signs needs none.
  const chain = leaf.certificatePem + (isAcme(issuer) ? ca.certificatePem : "");
  const data = { "tls.crt": encoded(chain), "tls.key": encoded(leaf.keyPem) };
  const metadata = { name: secretName, namespace: NAMESPACE, annotations: ISSUED_BY };
  const made = { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata, data };
  if (secret === undefined) await client.create(SECRETS, made);
  else await client.update(SECRETS, { ...secret, data: { ...Object(secret.data), ...data } });
}

interface Surroundings {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly acme: AcmeServer;
}

function isAcme(issuer: KubeObject | undefined): boolean {
  return "acme" in Object(issuer?.spec);
}

async function authorityOf({ client, acme }: Pick<Surroundings, "client" | "acme">, issuer: KubeObject | undefined) {
  if (isAcme(issuer)) return await loadAuthority(acme.intermediatePem, acme.intermediateKeyPem);
  const name: unknown = Object(Object(issuer?.spec).ca).secretName;
  const secret = typeof name === "string" ? await client.get(SECRETS, name) : undefined;
  const [certificate, key] = [decoded(secret, "tls.crt"), decoded(secret, "tls.key")];
  return certificate === undefined || key === undefined ? undefined : await loadAuthority(certificate, key);
}

function isIssuedBy(secret: KubeObject, caPem: string): boolean {
  try {
    return new X509Certificate(decoded(secret, "tls.crt") ?? "").verify(new X509Certificate(caPem).publicKey);
  } catch {
    return false;
  }
}

function decoded(secret: KubeObject | undefined, key: string): string | undefined {
  const text: unknown = Object(secret?.data)[key];
  return typeof text === "string" ? Buffer.from(text, "base64").toString() : undefined;
}

function encoded(text: string): string {
  return Buffer.from(text).toString("base64");
}
