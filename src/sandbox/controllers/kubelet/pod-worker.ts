/**
 * Runs one pod: waits for its volumes, runs its init containers one after the other, then its containers, and keeps
 * its stored status up to date. Deleting the pod ends it with its grace period and removes the object.
 */
import { ApiError, type ClusterClient } from "../../cluster-client.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { Images } from "../container-program.ts";
import type { Container, Pod } from "../pod.ts";
import { REF } from "../workload.ts";
import { pause } from "./bell.ts";
import type { ContainerLog } from "./container-log.ts";
import { type ContainerHost, ContainerWorker } from "./container-worker.ts";
import type { Content } from "./content.ts";
import { StatusWriter } from "./status-writer.ts";
import { mountFailure } from "./volumes.ts";

/** What all pods of a cluster share. */
export interface PodHost {
  readonly view: ClusterView;
  readonly images: Images;
  readonly content: Content;
  clientOf(account: { readonly namespace: string; readonly name: string }): ClusterClient;
}

/** Kubernetes' default of `terminationGracePeriodSeconds`. */
const GRACE_SECONDS = 30;

/** How long to wait before an ended pod is removed again, when the API would not. */
const RETRY = 1_000;

export class PodWorker {
  readonly #host: PodHost;
  readonly #halt = new AbortController();
  readonly #forgotten = new AbortController();
  readonly #initContainers: readonly ContainerWorker[];
  readonly #containers: readonly ContainerWorker[];
  readonly #status: StatusWriter;
  #pod: Pod;
  #isLeaving = false;

  constructor(pod: Pod, ip: string, host: PodHost) {
    this.#pod = pod;
    this.#host = host;
    const { restartPolicy, containers, initContainers = [] } = pod.spec;
    const make = (policy: typeof restartPolicy) => (spec: Container) =>
      new ContainerWorker(spec, policy, this.#inside());
    this.#initContainers = initContainers.map(make(restartPolicy === "Never" ? "Never" : "OnFailure"));
    this.#containers = containers.map(make(restartPolicy));
    this.#status = new StatusWriter(host.view, {
      ip,
      pod: () => this.#pod,
      initContainers: () => this.#initContainers.map((each) => each.view()),
      containers: () => this.#containers.map((each) => each.view()),
    });
  }

  /** Resolves when the pod has ended by itself or was ended. */
  async run(): Promise<void> {
    this.#status.changed();
    await this.#mount();
    for (const container of this.#initContainers) {
      const succeeded = await container.run();
      if (!succeeded || this.#halt.signal.aborted) return;
    }
    await Promise.all(this.#containers.map((container) => container.run()));
  }

  /** Takes note of a change of the stored pod. @returns the pod's end, if it begins with this change */
  update(pod: Pod): Promise<void> | undefined {
    this.#pod = pod;
    if (pod.object.metadata.deletionTimestamp === undefined || this.#isLeaving) return undefined;
    this.#isLeaving = true;
    return this.#endAndRemove();
  }

  /** Ends everything within the grace period. */
  async #end(graceSeconds = this.#pod.spec.terminationGracePeriodSeconds ?? GRACE_SECONDS): Promise<void> {
    this.#halt.abort(ENDED);
    const stopped = Promise.all([...this.#initContainers, ...this.#containers].map((each) => each.stop()));
    const patience = new AbortController();
    await Promise.race([stopped, pause(this.#host.view.clock, graceSeconds * 1_000, patience.signal)]);
    patience.abort(ENDED);
    await this.#status.close();
  }

  /** Ends everything; the stored object is gone, or no more the business of this worker. */
  async forget(graceSeconds?: number): Promise<void> {
    this.#forgotten.abort(ENDED);
    await this.#end(graceSeconds);
  }

  log(container: string, previous: boolean): ContainerLog | undefined {
    return [...this.#initContainers, ...this.#containers].find((each) => each.spec.name === container)?.log(previous);
  }

  async #mount(): Promise<void> {
    const { content } = this.#host;
    while (!this.#halt.signal.aborted) {
      const failure = mountFailure(this.#pod, content);
      if (failure === undefined) return;
      this.#warn("FailedMount", failure);
      await content.changed.wait(this.#halt.signal);
    }
  }

  async #endAndRemove(): Promise<void> {
    const { name, namespace, uid, object } = this.#pod;
    await this.#end(object.metadata.deletionGracePeriodSeconds);
    const ref = { ...REF.pods, namespace };
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    while (!this.#forgotten.signal.aborted) {
      try {
        return await this.#host.view.client.delete(ref, name, options);
      } catch (error) {
        // Somebody forced it away meanwhile: that it is gone is all that was wanted. If the name belongs to another
        // pod by now, the watch will tell, and this worker is forgotten.
        if (error instanceof ApiError && error.status === 404) return;
        await pause(this.#host.view.clock, RETRY, this.#forgotten.signal);
      }
    }
  }

  #inside(): ContainerHost {
    const { view, images, content, clientOf } = this.#host;
    const { namespace, spec } = this.#pod;
    return {
      clock: view.clock,
      images,
      content,
      client: clientOf({ namespace, name: spec.serviceAccountName ?? "default" }),
      pod: () => this.#pod,
      changed: () => this.#status.changed(),
      warn: (reason, message) => this.#warn(reason, message),
      halt: this.#halt.signal,
    };
  }

  #warn(reason: string, message: string): void {
    this.#host.view.events.record({ about: this.#pod.object, type: "Warning", reason, message, source: "kubelet" });
  }
}

/** Without a reason, each signal would make an exception of its own, with its stack. */
const ENDED = new Error("the pod is ended");
