/** Where the logs of containers come from. A cluster's kubelet implements this; the API server only passes it on. */

export interface LogLine {
  readonly at: Date;
  /** Without the newline. */
  readonly text: string;
}

/** One container; the pod's only one if no container is named. */
export interface LogAddress {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string;
}

export interface PodLogSource {
  /** What was written so far. Undefined if the container has not run, or, with `previous`, only once. */
  read(address: LogAddress & { readonly previous?: boolean }): readonly LogLine[] | undefined;
  /** Calls back for each new line, and once when the container has ended. Returns what stops that. */
  follow(address: LogAddress, onLine: (line: LogLine) => void, onEnd: () => void): () => void;
}
