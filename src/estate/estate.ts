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

/** Helm's own words for what a revision of a release has come to. */
export const releaseStatusSchema = z.enum([
  "unknown",
  "deployed",
  "uninstalled",
  "superseded",
  "failed",
  "uninstalling",
  "pending-install",
  "pending-upgrade",
  "pending-rollback",
]);
export type ReleaseStatus = z.infer<typeof releaseStatusSchema>;

/** The Helm release that Rancher belongs to, as the cluster stores it. */
export const releaseFactsSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  revision: z.number().int(),
  status: releaseStatusSchema,
  chart: z.object({ name: z.string(), version: z.string() }),
  /** Where Helm stores it: its storage driver. */
  driver: z.enum(["secret", "configmap"]),
  /**
   * Those of the values given that decide how certificate and bundle come about, by path (`ingress.tls.source`). What
   * is absent was not given: the chart's default holds. All other values may be secret and are not looked at.
   */
  values: z.record(z.string(), z.union([z.string(), z.boolean()])),
  /**
   * What its chart, as it is stored, has for the same values where nothing is given. It is not always what the chart came
   * with: `helm upgrade --reuse-values` writes what was given before among it (Helm: pkg/action/upgrade.go).
   */
  defaults: z.record(z.string(), z.union([z.string(), z.boolean()])).default({}),
  /** Why its chart cannot be rebuilt from what is stored. */
  chartMissing: z.string().optional(),
});
export type ReleaseFacts = z.infer<typeof releaseFactsSchema>;

/** How Rancher came into its cluster; `unknown` where that could not be looked at. */
export const installerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("helm"), release: releaseFactsSchema }),
  z.object({ kind: z.literal("helm2"), name: z.string() }),
  z.object({ kind: z.literal("manifests") }),
  z.object({ kind: z.literal("unknown") }),
]);
export type InstallerFacts = z.infer<typeof installerSchema>;

export const installationSchema = z.object({
  version: z.string(),
  installer: installerSchema,
  /** Who else would put Rancher's Deployment back as it was: `Argo CD`, `Flux`; empty when nobody was found. */
  owners: z.array(z.string()),
  /** What leads to Rancher: the chart's Ingress, its Gateway (Rancher ≥ 2.14), or neither. */
  exposure: z.enum(["ingress", "gateway", "none", "unknown"]),
  namespace: z.string(),
  deployment: z.string(),
  replicas: z.number().int(),
  readyReplicas: z.number().int(),
  /** Pods of the Deployment, with the pin of what each serves itself (`""` for none), where it could be asked. */
  pods: z.array(
    z.object({
      name: z.string(),
      uid: z.string(),
      createdAt: z.string(),
      ready: z.boolean(),
      servedPin: z.string().optional(),
    }),
  ),
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
  /** cert-manager's Certificate that writes this Secret, and would write it again. */
  certificate: z.object({ name: z.string(), issuer: z.object({ kind: z.string(), name: z.string() }) }).optional(),
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
  /** The container that this server is in and is reached through, where no kubeconfig was named. */
  container: z.object({ id: z.string(), name: z.string(), engine: z.string() }).exactOptional(),
  /** It leads through Rancher itself: Rancher's restart would cut Farrier off. */
  throughRancher: z.boolean(),
  /** The `helm` that an upgrade of Rancher's release would be made with; absent where none would be needed. */
  helm: z
    .object({
      program: z.string(),
      version: z.string().optional(),
      problem: z.enum(["missing", "unsuitable"]).optional(),
      /** The chart that a person has named in place of the stored one, and why it cannot be used. */
      chart: z.object({ called: z.string(), problem: z.string().optional() }).optional(),
    })
    .optional(),
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
