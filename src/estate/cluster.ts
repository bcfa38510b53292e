/** A cluster of the estate and what it holds that trusts Rancher's certificate. */
import { z } from "zod";
import { agentWorkloadSchema } from "./agent.ts";
import { evidenceSchema } from "./evidence.ts";
import { nodeAgentSetSchema } from "./node-agent.ts";

/**
 * What verifies the serving certificate. The first five are *gating*: processes that must keep working.
 * `kubeconfig` is *advisory*: what people hold can be counted and named, but never proves anything.
 */
export const consumerKindSchema = z.enum([
  "cluster-agent",
  "node-agent",
  "node-agent-windows",
  "system-agent",
  "fleet-agent",
  "kubeconfig",
]);

export const consumerSchema = z.object({
  /** `<cluster id>/<kind>`, with a name behind it where a cluster has several: `c-m-x7k2p/system-agent`. */
  id: z.string(),
  kind: consumerKindSchema,
  clusterId: z.string(),
  gating: z.boolean(),
  /** This version of Farrier can move it. Others hold the gates until they are waived. */
  movable: z.boolean(),
  evidence: z.array(evidenceSchema),
});
export type Consumer = z.infer<typeof consumerSchema>;

/** A condition of Rancher's cluster object. */
export const conditionSchema = z.object({
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: z.string().optional(),
});

/** Whether the cluster's API answers over a way to it. */
export const reachStateSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("answering"), at: z.string() }),
  z.object({
    kind: z.literal("unreachable"),
    at: z.string(),
    why: z.string(),
    /** The cluster's API server has answered over it, and let this account see nothing: the way itself lives. */
    answered: z.literal(true).exactOptional(),
  }),
]);

/** `yes`/`no` as the cluster's own access review says; `unknown` when it could not be asked. */
export const allowedSchema = z.enum(["yes", "no", "unknown"]);

/** What Farrier's account may do in the cluster, for what arming needs. */
const permissionsSchema = z.object({
  patchAgent: allowedSchema,
  deletePods: allowedSchema,
  listPods: allowedSchema,
  /** Asked where the cluster has node agents. */
  patchNodeAgents: allowedSchema.exactOptional(),
});

/**
 * Over what a cluster's API is asked: `rancher` is the tunnel, `direct` the cluster's own API server by a kubeconfig that
 * was given, `endpoint` the same by its authorized cluster endpoint, `ssh` that through a node.
 */
export const reachSchema = z.enum(["rancher", "direct", "endpoint", "ssh", "none"]);
export type Reach = z.infer<typeof reachSchema>;

/**
 * Why a way that the configuration names cannot be used:
 * - `invalid`: the kubeconfig itself. `through-rancher`: it leads through Rancher, and ends with the tunnel.
 * - `host-key`: SSH meets another host key than the known one, or one that nobody knows.
 * - `unreachable`, `expired` (the credentials are refused), `forbidden`: what the API server says.
 * - `other-cluster`: it leads to another cluster. `unproved`: nothing shows which cluster it leads to.
 */
export const reachFaultSchema = z.enum([
  "invalid",
  "through-rancher",
  "host-key",
  "unreachable",
  "expired",
  "forbidden",
  "other-cluster",
  "unproved",
]);
export type ReachFault = z.infer<typeof reachFaultSchema>;

/** A way to a cluster's API that the configuration names, and how it was found when it was tried. */
export const givenReachSchema = z.object({
  reach: reachSchema.exclude(["rancher", "none"]),
  /** What sentences call it: `kubeconfig paris.yaml, context paris`. */
  called: z.string(),
  state: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("answering"), at: z.string(), permissions: permissionsSchema }),
    z.object({ kind: z.literal("unusable"), at: z.string(), fault: reachFaultSchema, why: z.string() }),
  ]),
});
export type GivenReach = z.infer<typeof givenReachSchema>;

export const clusterSchema = z.object({
  /** Name of `clusters.management.cattle.io`: `local`, `c-abc12` or `c-m-abcd1234`. */
  id: z.string(),
  /** `spec.displayName`; the id where there is none. */
  name: z.string(),
  /** The management cluster itself. Since Rancher 2.5 no agent runs in it. */
  local: z.boolean(),
  driver: z.string(),
  kubernetesVersion: z.string(),
  connected: conditionSchema.optional(),
  ready: conditionSchema.optional(),
  /** The way through Rancher's tunnel. */
  tunnel: reachStateSchema,
  /** The other ways that the configuration names, in the order in which they are tried. */
  given: z.array(givenReachSchema),
  /** The way over which it was looked at: the first that answers and lets its agent be patched, else the first that answers. */
  reach: reachSchema,
  /** UID of the cluster's `kube-system` namespace, where it could be read. */
  kubeSystemUid: z.string().optional(),
  agent: agentWorkloadSchema.optional(),
  /** The Secret that its agent mounts, where it is missing: no pod of the agent can start. */
  missingCredentials: z.string().exactOptional(),
  /** The DaemonSets of node agents, where it has any. */
  nodeAgents: z.array(nodeAgentSetSchema).exactOptional(),
  /** As the account of that way has them. */
  permissions: permissionsSchema,
  /** Annotation `io.cattle.agent.force.deploy` is `"true"`: Rancher's own redeploy is pending. */
  redeployPending: z.boolean(),
  consumers: z.array(consumerSchema),
});
export type Cluster = z.infer<typeof clusterSchema>;

/** Why a cluster answers over no way, each way's own reason: sentences, as they were said when it was tried. */
export function whyUnreachable({ tunnel, given }: Pick<Cluster, "tunnel" | "given">): string {
  const others = given.flatMap(({ state }) => (state.kind === "unusable" ? [state.why] : []));
  return [...(tunnel.kind === "unreachable" ? [tunnel.why] : []), ...others].join(" ");
}
