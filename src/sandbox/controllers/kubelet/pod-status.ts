/** A pod's status, made from the states of its containers. Pure: the time is a parameter. */
import type { Pod, PodCondition } from "../pod.ts";
import { type ContainerView, containerStatus, timestamp } from "./container-state.ts";

export interface PodView {
  readonly pod: Pod;
  readonly ip: string;
  readonly startedAt: Date;
  readonly initContainers: readonly ContainerView[];
  readonly containers: readonly ContainerView[];
  /** The conditions that were published last: one whose status stays keeps its time. */
  readonly before: readonly PodCondition[];
  readonly now: Date;
}

type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

/** The whole `status` of a pod that is assigned to a node. */
export function podStatus(view: PodView): Record<string, unknown> & { conditions: PodCondition[] } {
  return {
    phase: phaseOf(view),
    conditions: conditionsOf(view),
    hostIP: "10.0.0.1",
    podIP: view.ip,
    podIPs: [{ ip: view.ip }],
    startTime: timestamp(view.startedAt),
    ...(view.initContainers.length > 0 ? { initContainerStatuses: view.initContainers.map(containerStatus) } : {}),
    containerStatuses: view.containers.map(containerStatus),
  };
}

function phaseOf({ pod, initContainers, containers }: PodView): Phase {
  if (initContainers.some((each) => each.finished && !hasSucceeded(each))) return "Failed";
  if (!initContainers.every(hasSucceeded)) return "Pending";
  if (containers.some((each) => each.state.kind === "waiting" && !each.last)) return "Pending";
  if (!containers.every((each) => each.finished)) return "Running";
  if (containers.every(hasSucceeded)) return "Succeeded";
  return pod.spec.restartPolicy === "Never" ? "Failed" : "Running";
}

function conditionsOf(view: PodView): PodCondition[] {
  const { initContainers, containers } = view;
  const incomplete = initContainers.filter((each) => !hasSucceeded(each));
  const unready = containers.filter((each) => !each.ready);
  const isDone = phaseOf(view) === "Succeeded";
  const lack = incomplete.length > 0 ? lacking("ContainersNotInitialized", "incomplete", incomplete) : undefined;
  const notReady = unready.length > 0 ? lacking("ContainersNotReady", "unready", unready) : undefined;
  const readiness = isDone ? { reason: "PodCompleted" } : notReady;
  const hasSandbox = [...initContainers, ...containers].some((each) => each.state.kind !== "waiting" || each.last);
  return [
    condition(view, "PodReadyToStartContainers", hasSandbox ? undefined : {}),
    condition(view, "Initialized", lack),
    condition(view, "Ready", readiness),
    condition(view, "ContainersReady", readiness),
    condition(view, "PodScheduled", undefined),
  ];
}

/** @param lack why the condition is "False"; undefined if it is "True" */
function condition(view: PodView, type: string, lack: { reason?: string; message?: string } | undefined): PodCondition {
  const status = lack ? "False" : "True";
  const before = view.before.find((each) => each.type === type);
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  return { type, status, ...lack, lastTransitionTime: since ?? timestamp(view.now) };
}

function lacking(reason: string, word: string, containers: readonly ContainerView[]) {
  return { reason, message: `containers with ${word} status: [${containers.map((each) => each.name).join(" ")}]` };
}

function hasSucceeded({ finished, state }: ContainerView): boolean {
  return finished && state.kind === "terminated" && state.exitCode === 0;
}
