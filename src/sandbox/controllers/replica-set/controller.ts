/** The ReplicaSet controller: as many active pods as `spec.replicas` says, and a status that counts them. */
import { isDeepStrictEqual } from "node:util";
import type { ClusterView } from "../cluster-view.ts";
import { isActive, isReady, type Pod } from "../pod.ts";
import { PodWriter } from "../pod-writer.ts";
import { WorkQueue } from "../work-queue.ts";
import { controllerOf, REF, type ReplicaSet } from "../workload.ts";
import { deletionOrder } from "./deletion-order.ts";

export class ReplicaSetController {
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  readonly #writer: PodWriter;

  constructor(view: ClusterView) {
    this.#view = view;
    this.#queue = new WorkQueue(view.clock, (key) => this.#sync(key));
    this.#writer = new PodWriter(view, "replicaset-controller");
    view.replicaSets.onChange(({ kind, item }) => {
      if (kind === "removed") this.#writer.forget(item);
      this.#queue.add(item.key);
    });
    view.pods.onChange(({ item }) => {
      const owner = controllerOf(item.object);
      if (owner?.kind === "ReplicaSet") this.#queue.add(`${item.namespace}/${owner.name}`);
    });
  }

  /** Takes up everything that is stored; call it once the view is in sync. */
  start(): void {
    this.#queue.start();
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  async #sync(key: string): Promise<void> {
    const set = this.#view.replicaSets.get(key);
    if (!set) return;
    const pods = this.#view.podsOf(set).filter(isActive);
    const isWanted = set.object.metadata.deletionTimestamp === undefined;
    const failure = isWanted && this.#writer.isUpToDate(set) ? await this.#reachSize(set, pods) : undefined;
    await this.#writeStatus(set, pods);
    if (failure) throw failure.reason;
  }

  /** @returns the first failure, if any: what did succeed is to be counted nevertheless */
  async #reachSize(set: ReplicaSet, pods: readonly Pod[]): Promise<PromiseRejectedResult | undefined> {
    const missing = set.spec.replicas - pods.length;
    const creations = Array.from({ length: Math.max(0, missing) }, () => this.#writer.create(set, set.spec.template));
    const surplus = deletionOrder(pods, (pod) => this.#view.readiness.readyFor(pod)).slice(0, Math.max(0, -missing));
    const outcomes = await Promise.allSettled([...creations, ...surplus.map((pod) => this.#writer.delete(set, pod))]);
    return outcomes.find((outcome) => outcome.status === "rejected");
  }

  async #writeStatus(set: ReplicaSet, pods: readonly Pod[]): Promise<void> {
    const waits = pods.map((pod) => this.#view.readiness.availableIn(pod, set.spec.minReadySeconds));
    const pending = waits.filter((wait) => wait !== undefined && wait > 0);
    if (pending.length > 0) this.#queue.addAfter(set.key, Math.min(...pending.map(Number)));
    const { labels = {} } = set.spec.template.metadata ?? {};
    const carriesLabels = (pod: Pod) =>
      Object.entries(labels).every(([name, value]) => pod.object.metadata.labels?.[name] === value);
    const status = {
      replicas: pods.length,
      fullyLabeledReplicas: pods.filter(carriesLabels).length,
      readyReplicas: pods.filter(isReady).length,
      availableReplicas: waits.filter((wait) => wait === 0).length,
      observedGeneration: set.object.metadata.generation ?? 0,
    };
    if (isDeepStrictEqual({ ...set.status, ...status }, set.status)) return;
    const ref = { ...REF.replicaSets, namespace: set.namespace };
    await this.#view.client.update(ref, { ...set.object, status }, { subresource: "status" });
  }
}
