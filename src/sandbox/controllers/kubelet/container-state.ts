/** The states of a container, and how a pod's status tells of them. */

export interface Terminated {
  readonly kind: "terminated";
  readonly exitCode: number;
  readonly reason: "Completed" | "Error" | "StartError";
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/**
 *     waiting ──► running ──► terminated ──► running …            (the first restart)
 *                                       └──► waiting (CrashLoopBackOff) ──► running …
 */
export type ContainerState =
  | { readonly kind: "waiting"; readonly reason: string; readonly message?: string }
  | { readonly kind: "running"; readonly startedAt: Date }
  | Terminated;

/** A container as its pod's status shows it. */
export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  /** How the run before ended, if there was one. */
  readonly last: Terminated | undefined;
  readonly restarts: number;
  readonly ready: boolean;
  /** Whether it ended and will not be started again. */
  readonly finished: boolean;
}

/** An entry of `status.containerStatuses`. */
export function containerStatus(view: ContainerView): Record<string, unknown> {
  return {
    name: view.name,
    image: view.image,
    imageID: "",
    ready: view.ready,
    started: view.state.kind === "running",
    restartCount: view.restarts,
    state: stored(view.state),
    lastState: view.last ? stored(view.last) : {},
  };
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

function stored(state: ContainerState): Record<string, unknown> {
  switch (state.kind) {
    case "waiting": {
      const { reason, message } = state;
      return { waiting: message === undefined ? { reason } : { reason, message } };
    }
    case "running":
      return { running: { startedAt: timestamp(state.startedAt) } };
    case "terminated": {
      const { exitCode, reason, startedAt, finishedAt } = state;
      const times = { startedAt: timestamp(startedAt), finishedAt: timestamp(finishedAt) };
      return { terminated: { exitCode, reason, ...times } };
    }
  }
}
