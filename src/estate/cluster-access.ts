/**
 * How Rancher reaches a cluster's own API: the CA and the token that it holds, beside what the cluster has now. Tokens
 * are known by a fingerprint and by what they say of themselves; the token itself is never here.
 */
import { z } from "zod";
import { conditionSchema } from "./cluster.ts";

/** The account of Rancher's agent in a downstream cluster, since 2.0: its token is the one that Rancher is given. */
export const AGENT_ACCOUNT = {
  namespace: "cattle-system",
  name: "cattle",
  subject: "system:serviceaccount:cattle-system:cattle",
} as const;

export const tokenFactsSchema = z.object({
  /** The first 16 hex digits of its SHA-256: tells tokens apart, and leads nowhere from there. */
  fingerprint: z.string(),
  /** Whose it says it is: `system:serviceaccount:cattle-system:cattle`; empty where it says nothing. */
  subject: z.string(),
  /** UID of that account, where it says so. */
  accountUid: z.string().optional(),
  /** The Secret that it was made for, where it says so. */
  secret: z.string().optional(),
  /** ISO 8601; absent for one without an end, as those in Secrets are. */
  expiresAt: z.string().optional(),
  /** What the cluster's API server answered to it. */
  accepted: z.enum(["yes", "no", "unknown"]),
});
export type TokenFacts = z.infer<typeof tokenFactsSchema>;

/** What Rancher holds for a cluster. */
export const heldAccessSchema = z.object({
  /** Where the token is: Rancher ≥ 2.6.7 in a Secret that the status names, earlier ones in the status itself. */
  storage: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("secret"), name: z.string() }),
    z.object({ kind: z.literal("status") }),
    z.object({ kind: z.literal("none") }),
  ]),
  apiEndpoint: z.string(),
  /** SHA-256 of each certificate in `status.caCert`, lower-case hex, sorted. */
  ca: z.array(z.string()),
  token: tokenFactsSchema.optional(),
});
export type HeldAccess = z.infer<typeof heldAccessSchema>;

/** A Secret with a token of a service account. */
export const tokenSecretSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  account: z.string(),
  /** As in `held.ca`, of its `ca.crt`. */
  ca: z.array(z.string()),
  token: tokenFactsSchema.optional(),
});
export type TokenSecret = z.infer<typeof tokenSecretSchema>;

/** A pod beside the agent, in its namespace. */
const agentPodSchema = z.object({
  name: z.string(),
  uid: z.string(),
  /** `CATTLE_CA_CHECKSUM`; empty for a pod that pins nothing. */
  pin: z.string(),
  /** Its service account. */
  account: z.string(),
  /** Secrets that it mounts. */
  secrets: z.array(z.string()),
});
export type NeighbourPod = z.infer<typeof agentPodSchema>;

export const clusterAccessSchema = z.object({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  held: heldAccessSchema,
  connected: conditionSchema.optional(),
  ready: conditionSchema.optional(),
  /** The cluster itself, past Rancher. */
  own: z.object({
    kubeSystemUid: z.string(),
    /** What its agent would report as the cluster's CA; as in `held.ca`. */
    ca: z.array(z.string()),
    /** UID of the agent's service account; absent where there is none. */
    accountUid: z.string().optional(),
    /** The id under which its agent is registered with Rancher, where its objects say so. */
    registeredAs: z.string().optional(),
    agentTokens: z.array(tokenSecretSchema),
    /** The accounts by which Rancher ≥ 2.6 brings people's requests here. */
    personTokens: z.array(tokenSecretSchema),
    pods: z.array(agentPodSchema),
    /** How far its clock is from this machine's, where that is more than a minute; negative where it is behind. */
    clockAheadSeconds: z.number().int().exactOptional(),
  }),
});
export type ClusterAccess = z.infer<typeof clusterAccessSchema>;
