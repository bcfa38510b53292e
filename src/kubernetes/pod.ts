/** Pods: the parts that Farrier reads. */
import { z } from "zod";
import { containerSchema } from "./container.ts";
import { type KubeObject, readOnce } from "./object.ts";

const terminatedSchema = z.object({ reason: z.string().default(""), exitCode: z.number().int().default(0) });

const stateSchema = z.object({
  running: z.object({ startedAt: z.string().optional() }).optional(),
  waiting: z.object({ reason: z.string().default("") }).optional(),
  terminated: terminatedSchema.optional(),
});

const containerStatusSchema = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().int().default(0),
  state: stateSchema.default({}),
  lastState: stateSchema.default({}),
});

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string().default(""),
    creationTimestamp: z.string().default(""),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    containers: z.array(containerSchema),
    serviceAccountName: z.string().default("default"),
    volumes: z.array(z.object({ secret: z.object({ secretName: z.string().default("") }).optional() })).default([]),
  }),
  status: z
    .object({
      phase: z.string().default("Pending"),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), reason: z.string().optional() }))
        .default([]),
      containerStatuses: z.array(containerStatusSchema).default([]),
    })
    .prefault({}),
});
export type Pod = z.infer<typeof podSchema>;
type ContainerStatus = z.infer<typeof containerStatusSchema>;

/** Undefined for an object that is not a pod. Read once: a watch shows the same object again with every change of another. */
export const readPod: (object: KubeObject) => Pod | undefined = readOnce((object) => {
  const parsed = podSchema.safeParse(object);
  return parsed.success ? parsed.data : undefined;
});

export function isReady(pod: Pod): boolean {
  return pod.status.conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** The status of a container by name, or of the only one. */
export function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  return pod.status.containerStatuses.find(({ name }) => name === container);
}

/** Its process was started at least once; a container whose start itself failed has not run. */
export function hasRun(status: ContainerStatus | undefined): boolean {
  if (status === undefined) return false;
  return status.state.running !== undefined || ended(status.state.terminated) || ended(status.lastState.terminated);
}

function ended(terminated: z.infer<typeof terminatedSchema> | undefined): boolean {
  const neverStarted = ["ContainerCannotRun", "StartError", "ContainerStatusUnknown"];
  return terminated !== undefined && !neverStarted.includes(terminated.reason);
}

/** Why the container waits, or why the pod has no node. */
export function waitingReason(pod: Pod, status: ContainerStatus | undefined): string | undefined {
  const waiting = status?.state.waiting?.reason;
  if (waiting !== undefined && waiting !== "") return waiting;
  const scheduled = pod.status.conditions.find(({ type }) => type === "PodScheduled");
  return scheduled?.status === "False" ? (scheduled.reason ?? "Unschedulable") : undefined;
}
