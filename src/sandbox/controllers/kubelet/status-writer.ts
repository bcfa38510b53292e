/** Keeps a pod's stored status at what its containers are: one write at a time, none that says nothing new. */
import { isDeepStrictEqual } from "node:util";
import { ApiError } from "../../cluster-client.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { Pod, PodCondition } from "../pod.ts";
import { REF } from "../workload.ts";
import { pause } from "./bell.ts";
import type { ContainerView } from "./container-state.ts";
import { podStatus } from "./pod-status.ts";

/** Where the status comes from; asked at each write. */
export interface StatusSource {
  readonly ip: string;
  pod(): Pod;
  initContainers(): readonly ContainerView[];
  containers(): readonly ContainerView[];
}

/** How long to wait after a write that failed. */
const RETRY = 1_000;

export class StatusWriter {
  readonly #view: ClusterView;
  readonly #source: StatusSource;
  readonly #startedAt: Date;
  readonly #closed = new AbortController();
  #conditions: readonly PodCondition[] = [];
  #written: unknown;
  #isDirty = false;
  #writing: Promise<void> | undefined;

  constructor(view: ClusterView, source: StatusSource) {
    this.#view = view;
    this.#source = source;
    this.#startedAt = view.clock.now();
  }

  /** Something changed: the status is written soon. */
  changed(): void {
    if (this.#closed.signal.aborted) return;
    this.#isDirty = true;
    this.#writing ??= this.#write();
  }

  /** Lets the write in hand end and does no other: nobody needs the status of a pod that is about to go. */
  async close(): Promise<void> {
    this.#closed.abort(CLOSED);
    await this.#writing;
  }

  async #write(): Promise<void> {
    await Promise.resolve();
    while (this.#isDirty && !this.#closed.signal.aborted) {
      this.#isDirty = false;
      await this.#writeOnce();
    }
    this.#writing = undefined;
  }

  async #writeOnce(): Promise<void> {
    const { pod, initContainers, containers, ip } = this.#source;
    const status = podStatus({
      pod: pod(),
      ip,
      startedAt: this.#startedAt,
      initContainers: initContainers(),
      containers: containers(),
      before: this.#conditions,
      now: this.#view.clock.now(),
    });
    if (isDeepStrictEqual(status, this.#written)) return;
    try {
      const { name, namespace } = pod();
      const body = { status };
      await this.#view.client.patch({ ...REF.pods, namespace }, name, { type: "merge", body, subresource: "status" });
      this.#conditions = status.conditions;
      this.#written = status;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return;
      this.#isDirty = true;
      await pause(this.#view.clock, RETRY, this.#closed.signal);
    }
  }
}

/** Without a reason, each signal would make an exception of its own, with its stack. */
const CLOSED = new Error("nothing is written any more");
