/** Gives each new pod a node, or says why it cannot; looks again when nodes change or pods make room. */
import type { ClusterView } from "../cluster-view.ts";
import { isFinished, type Pod } from "../pod.ts";
import { WorkQueue } from "../work-queue.ts";
import { type ClusterNode, REF } from "../workload.ts";
import { timestamp } from "./container-state.ts";
import { place } from "./placement.ts";

export class Scheduler {
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  /** Nodes given to pods (by uid) whose assignment the watch has not shown yet: their room is taken already. */
  readonly #assumed = new Map<string, string>();

  constructor(view: ClusterView) {
    this.#view = view;
    this.#queue = new WorkQueue(view.clock, (key) => this.#schedule(key));
    view.nodes.onChange(() => this.#lookAgain());
    view.pods.onChange(({ kind, item }) => {
      if (kind === "removed" || item.spec.nodeName !== undefined) this.#assumed.delete(item.uid);
      if (kind === "removed" || isFinished(item)) this.#lookAgain();
      else if (isWaiting(item)) this.#queue.add(item.key);
    });
  }

  /** Begins with the pods that have no node; call it once the view is in sync. */
  start(): void {
    this.#queue.start();
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  #lookAgain(): void {
    for (const pod of this.#view.pods.list()) if (isWaiting(pod)) this.#queue.add(pod.key);
  }

  async #schedule(key: string): Promise<void> {
    const pod = this.#view.pods.get(key);
    if (!pod || !isWaiting(pod) || this.#assumed.has(pod.uid)) return;
    const placement = place(pod.spec, this.#view.nodes.list(), (node) => this.#podsOn(node));
    if (placement.kind === "none") return this.#refuse(pod, placement.message);
    this.#assumed.set(pod.uid, placement.name);
    try {
      await this.#view.client.bindPod({ ...REF.pods, namespace: pod.namespace }, pod.name, placement.name);
    } catch (error) {
      this.#assumed.delete(pod.uid);
      throw error;
    }
  }

  async #refuse(pod: Pod, message: string): Promise<void> {
    const before = pod.status.conditions?.find((condition) => condition.type === "PodScheduled");
    if (before?.status === "False" && before.message === message) return;
    const since = before?.status === "False" ? before.lastTransitionTime : timestamp(this.#view.clock.now());
    const why = { reason: "Unschedulable", message };
    const body = {
      status: { conditions: [{ type: "PodScheduled", status: "False", ...why, lastTransitionTime: since }] },
    };
    const ref = { ...REF.pods, namespace: pod.namespace };
    await this.#view.client.patch(ref, pod.name, { type: "merge", body, subresource: "status" });
    const about = pod.object;
    this.#view.events.record({
      about,
      type: "Warning",
      reason: "FailedScheduling",
      message,
      source: "default-scheduler",
    });
  }

  #podsOn(node: ClusterNode): number {
    const bound = this.#view.pods.list().filter((pod) => pod.spec.nodeName === node.name && !isFinished(pod));
    return bound.length + [...this.#assumed.values()].filter((name) => name === node.name).length;
  }
}

function isWaiting(pod: Pod): boolean {
  return pod.spec.nodeName === undefined && pod.object.metadata.deletionTimestamp === undefined && !isFinished(pod);
}
