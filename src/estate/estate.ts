/**
 * The estate: one Rancher server, its certificate and bundle, and every cluster that it manages, as observed.
 * `farrier observe -o json` prints this; its schema is published as `schema/estate.schema.json`.
 * It holds certificates and digests, never keys or tokens.
 */
import { z } from "zod";
import { allowedSchema, clusterSchema } from "./cluster.ts";

/** A certificate as people recognise it. */
export const certificateFactsSchema = z.object({
  subject: z.string(),
  issuer: z.string(),
  /** SHA-256 of the DER, lower-case hex. */
  fingerprint: z.string(),
  notBefore: z.string(),
  notAfter: z.string(),
  ca: z.boolean(),
});
export type CertificateFacts = z.infer<typeof certificateFactsSchema>;

/** A Secret without its values. */
export const secretFactsSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  type: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  /** Who else would put it back: `Argo CD`, `Flux`, `External Secrets`, `cert-manager`; empty when nobody was found. */
  owners: z.array(z.string()),
});
export type SecretFacts = z.infer<typeof secretFactsSchema>;

export const installationSchema = z.object({
  version: z.string(),
  namespace: z.string(),
  deployment: z.string(),
  replicas: z.number().int(),
  readyReplicas: z.number().int(),
  /** Pods of the Deployment, with the value of `cacerts` that each gives, where it could be asked. */
  pods: z.array(z.object({ name: z.string(), uid: z.string(), createdAt: z.string(), ready: z.boolean() })),
  /** A rollout that is not Farrier's is going on. */
  rollingOut: z.boolean(),
  /** The chart's `privateCA`: Secret `tls-ca` is mounted. */
  privateCa: z.boolean(),
  /** `tls-rancher-ingress` comes from: the user (`secret`), Rancher's own CA through cert-manager, or Let's Encrypt. */
  tlsSource: z.enum(["secret", "rancher", "letsEncrypt", "external", "unknown"]),
  /** `agent-tls-mode` in effect. Rancher < 2.8.6 has none. */
  agentTlsMode: z.enum(["strict", "system-store", "none"]),
  /** Rancher ≥ 2.15: cluster objects have a status subresource. Detected from the CRD, not the version. */
  clusterStatusSubresource: z.boolean(),
});
export type Installation = z.infer<typeof installationSchema>;

export const servingSchema = z.object({
  secret: secretFactsSchema.optional(),
  /** The chain in the Secret, leaf first, PEM. */
  chain: z.string(),
  certificates: z.array(certificateFactsSchema),
  /** What handshakes saw, one entry for each address of the server's name. */
  presented: z.array(
    z.object({ address: z.string(), fingerprints: z.array(z.string()), at: z.string(), error: z.string().optional() }),
  ),
});
export type Serving = z.infer<typeof servingSchema>;

export const trustSchema = z.object({
  secret: secretFactsSchema.optional(),
  /** `cacerts.pem` of Secret `tls-ca`, byte for byte; absent when there is no such Secret. */
  written: z.string().optional(),
  /** The setting's value as the management cluster stores it. */
  stored: z.string(),
  /** The value as `/v3/settings/cacerts` serves it, as every repeated request gave it; more than one when replicas differ. */
  served: z.array(z.string()),
  /** Where the setting says that its value comes from: `db`, `env` or `default`. */
  source: z.string(),
  /** SHA-256 pin of the served value: what `CATTLE_CA_CHECKSUM` must be. Empty when no CA is served. */
  pin: z.string(),
  certificates: z.array(certificateFactsSchema),
  /** Server-side dry run as Rancher's own account. Rancher 2.15.0's webhook denies it (rancher#56522). */
  settingUpdate: z.object({ allowed: allowedSchema, why: z.string().optional() }),
});
export type Trust = z.infer<typeof trustSchema>;

/** What could not be looked at, and why. An estate with gaps is partial, never silently smaller. */
export const gapSchema = z.object({ target: z.string(), why: z.string() });

export const accessSchema = z.object({
  /** The management kubeconfig's server, for people. */
  server: z.string(),
  /** It leads through Rancher itself: Rancher's restart would cut Farrier off. */
  throughRancher: z.boolean(),
  /** What this account may do in the management cluster, by permission (`update secrets cattle-system`). */
  permissions: z.array(z.object({ permission: z.string(), allowed: allowedSchema })),
  /** The API token: whose, until when (ISO 8601; absent = never expires), and how many clusters it sees. */
  token: z.object({
    valid: z.boolean(),
    user: z.string().optional(),
    expiresAt: z.string().optional(),
    visibleClusters: z.array(z.string()),
  }),
});

export const estateSchema = z.object({
  format: z.literal("farrier.estate/v1"),
  observedAt: z.string(),
  /** What tells this estate from any other. */
  identity: z.object({ kubeSystemUid: z.string(), serverUrl: z.string() }),
  access: accessSchema,
  installation: installationSchema,
  serving: servingSchema,
  trust: trustSchema,
  clusters: z.array(clusterSchema),
  gaps: z.array(gapSchema),
});
export type Estate = z.infer<typeof estateSchema>;
