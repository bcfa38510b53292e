/** Pods: the parts that Farrier reads. */
import { type Container, containerIn, secretIn } from "./container.ts";
import {
  eachAt,
  type Fields,
  fieldsAt,
  fieldsIfAt,
  flagAt,
  readingOf,
  textAt,
  textIfAt,
  wholeNumberAt,
} from "./fields.ts";
import type { KubeObject } from "./object.ts";

/** With what the API server fills in where a field is absent. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp: string | undefined;
  };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly serviceAccountName: string;
    readonly volumes: readonly { readonly secret: { readonly secretName: string } | undefined }[];
  };
  readonly status: {
    readonly phase: string;
    readonly conditions: readonly Condition[];
    readonly containerStatuses: readonly ContainerStatus[];
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string | undefined;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
}

/** At most one of them; none where nothing has happened yet. */
interface ContainerState {
  readonly running: { readonly startedAt: string | undefined } | undefined;
  readonly waiting: { readonly reason: string } | undefined;
  readonly terminated: Terminated | undefined;
}

interface Terminated {
  readonly reason: string;
  readonly exitCode: number;
}

/** Undefined for an object that is not a pod. Read once: see {@link readingOf}. */
export const readPod: (object: KubeObject) => Pod | undefined = readingOf((object) => {
  const metadata = fieldsAt(object, "metadata");
  const spec = fieldsAt(object, "spec");
  const status = fieldsAt(object, "status", {});
  return {
    metadata: {
      name: textAt(metadata, "name"),
      uid: textAt(metadata, "uid", ""),
      creationTimestamp: textAt(metadata, "creationTimestamp", ""),
      deletionTimestamp: textIfAt(metadata, "deletionTimestamp"),
    },
    spec: {
      containers: eachAt(spec, "containers", containerIn, { required: true }),
      serviceAccountName: textAt(spec, "serviceAccountName", "default"),
      volumes: eachAt(spec, "volumes", (volume) => ({ secret: secretIn(volume) })),
    },
    status: {
      phase: textAt(status, "phase", "Pending"),
      conditions: eachAt(status, "conditions", conditionIn),
      containerStatuses: eachAt(status, "containerStatuses", containerStatusIn),
    },
  };
});

function conditionIn(fields: Fields): Condition {
  return { type: textAt(fields, "type"), status: textAt(fields, "status"), reason: textIfAt(fields, "reason") };
}

function containerStatusIn(fields: Fields): ContainerStatus {
  return {
    name: textAt(fields, "name"),
    ready: flagAt(fields, "ready", false),
    restartCount: wholeNumberAt(fields, "restartCount", 0),
    state: stateIn(fieldsAt(fields, "state", {})),
    lastState: stateIn(fieldsAt(fields, "lastState", {})),
  };
}

function stateIn(fields: Fields): ContainerState {
  const running = fieldsIfAt(fields, "running");
  const waiting = fieldsIfAt(fields, "waiting");
  const terminated = fieldsIfAt(fields, "terminated");
  return {
    running: running && { startedAt: textIfAt(running, "startedAt") },
    waiting: waiting && { reason: textAt(waiting, "reason", "") },
    terminated: terminated && {
      reason: textAt(terminated, "reason", ""),
      exitCode: wholeNumberAt(terminated, "exitCode", 0),
    },
  };
}

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

function ended(terminated: Terminated | undefined): boolean {
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
