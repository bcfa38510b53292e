/** Where the logs of containers come from. A cluster's kubelet implements this; the API server only passes it on. */

import type { KubeObject } from "../cluster-client.ts";

export interface LogLine {
  readonly at: Date;
  /** Without the newline. */
  readonly text: string;
}

/** The log of one run of a container. */
export interface ContainerLog {
  /** What was written so far. */
  readonly lines: readonly LogLine[];
  /**
   * Calls back for each line that comes after `lines`, and once when the run has ended (at once, if it has ended
   * already).
   */
  follow(onLine: (line: LogLine) => void, onEnd: () => void): { close(): void };
}

export interface PodLogSource {
  /** Undefined if the container has not started. @param options.previous the run before the present one. */
  open(pod: KubeObject, container: string, options: { readonly previous: boolean }): ContainerLog | undefined;
}
