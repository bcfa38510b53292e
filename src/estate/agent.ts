/** The cluster agent's workload in a downstream cluster, as observed. */
import { z } from "zod";

export const agentPodSchema = z.object({
  name: z.string(),
  uid: z.string(),
  /** `CATTLE_CA_CHECKSUM` of the pod's own container; empty when it pins nothing. */
  pin: z.string(),
  /** Creation, ISO 8601, by the downstream cluster's clock. */
  createdAt: z.string(),
  phase: z.string(),
  ready: z.boolean(),
  /** True from the moment that the pod was asked to go. */
  deleting: z.boolean(),
  restarts: z.number().int(),
  /** Start of the running container, ISO 8601; absent while it is not running. */
  runningSince: z.string().optional(),
  /** The container has been started at least once: its image could be pulled and the pod was given a node. */
  hasRun: z.boolean(),
  /** Why the container waits (`CrashLoopBackOff`, `ImagePullBackOff`), or why the pod has no node (`Unschedulable`). */
  waiting: z.string().optional(),
});
export type AgentPod = z.infer<typeof agentPodSchema>;

export const agentWorkloadSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  /** The controller has seen the latest specification. */
  settled: z.boolean(),
  replicas: z.number().int(),
  updatedReplicas: z.number().int(),
  readyReplicas: z.number().int(),
  availableReplicas: z.number().int(),
  totalReplicas: z.number().int(),
  minReadySeconds: z.number().int(),
  strategy: z.object({ type: z.string(), maxSurge: z.string(), maxUnavailable: z.string() }),
  /** `CATTLE_CA_CHECKSUM` in the pod template of container `cluster-register`; empty when it pins nothing. */
  pin: z.string(),
  /** `CATTLE_SERVER` of the same container. */
  serverUrl: z.string(),
  /** `STRICT_VERIFY`: the agent trusts only the served bundle, never the system's store. Rancher ≥ 2.8.6. */
  strict: z.boolean(),
  /** `CATTLE_FEATURES`; an agent without it opens no aggregation session (rancher#57462). */
  features: z.string().optional(),
  image: z.string(),
  /** The Secret that its pods mount, with URL and registration token. */
  credentials: z.string().exactOptional(),
  /** `spec.paused`: somebody holds the rollout. */
  paused: z.boolean(),
  pods: z.array(agentPodSchema),
});
export type AgentWorkload = z.infer<typeof agentWorkloadSchema>;

/** Where Rancher puts the cluster agent in every downstream cluster, since 2.0. */
export const CLUSTER_AGENT = {
  namespace: "cattle-system",
  deployment: "cattle-cluster-agent",
  container: "cluster-register",
  pinVariable: "CATTLE_CA_CHECKSUM",
} as const;
