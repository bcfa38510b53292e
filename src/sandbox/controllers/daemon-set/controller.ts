/** The DaemonSet controller: one pod on every node that suits it, by RollingUpdate or OnDelete. */
import { isDeepStrictEqual } from "node:util";
import type { NewObject } from "../../cluster-client.ts";
import type { ClusterView } from "../cluster-view.ts";
import { type Fenceposts, resolveFenceposts } from "../deployment/fenceposts.ts";
import { templateHash } from "../deployment/template-hash.ts";
import { unsuitability } from "../kubelet/placement.ts";
import { isFinished, isReady, type Pod, podSpecOf } from "../pod.ts";
import { PodWriter } from "../pod-writer.ts";
import { WorkQueue } from "../work-queue.ts";
import { controllerOf, type DaemonSet, REF } from "../workload.ts";
import { daemonStep } from "./rollout.ts";

const HASH_LABEL = "controller-revision-hash";

export class DaemonSetController {
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  readonly #writer: PodWriter;

  constructor(view: ClusterView) {
    this.#view = view;
    this.#queue = new WorkQueue(view.clock, (key) => this.#sync(key));
    this.#writer = new PodWriter(view, "daemonset-controller");
    view.daemonSets.onChange(({ kind, item }) => {
      if (kind === "removed") this.#writer.forget(item);
      this.#queue.add(item.key);
    });
    view.nodes.onChange(() => {
      for (const set of view.daemonSets.list()) this.#queue.add(set.key);
    });
    view.pods.onChange(({ item }) => {
      const owner = controllerOf(item.object);
      if (owner?.kind === "DaemonSet") this.#queue.add(`${item.namespace}/${owner.name}`);
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
    const set = this.#view.daemonSets.get(key);
    if (!set || set.object.metadata.deletionTimestamp !== undefined || !this.#writer.isUpToDate(set)) return;
    const pods = this.#view.podsOf(set).filter((pod) => pod.object.metadata.deletionTimestamp === undefined);
    await this.#settle(set, pods);
    await this.#writeStatus(set, pods);
  }

  async #settle(set: DaemonSet, pods: readonly Pod[]): Promise<void> {
    const nodes = this.#suitableNodes(set);
    const running = pods.filter((pod) => !isFinished(pod));
    const hash = templateHash(set.spec.template);
    const views = nodes.map((name) => ({
      name,
      pods: running
        .filter((pod) => pod.spec.nodeName === name)
        .map((pod) => ({ name: pod.name, updated: hashOf(pod) === hash, available: this.#isAvailable(set, pod) })),
    }));
    const step = daemonStep(views, limitsOf(set, nodes.length));
    const misplaced = pods.filter((pod) => isFinished(pod) || !nodes.includes(pod.spec.nodeName ?? ""));
    const removed = pods.filter((pod) => misplaced.includes(pod) || step.remove.includes(pod.name));
    for (const pod of removed) await this.#writer.delete(set, pod);
    for (const node of step.create) await this.#writer.create(set, set.spec.template, (pod) => onNode(pod, node, hash));
  }

  #suitableNodes(set: DaemonSet): string[] {
    const spec = podSpecOf(set.spec.template.spec);
    if (!spec) return [];
    const suitable = this.#view.nodes.list().filter((node) => unsuitability(spec, node) === undefined);
    return suitable.map((node) => node.name).sort();
  }

  #isAvailable(set: DaemonSet, pod: Pod): boolean {
    const wait = this.#view.readiness.availableIn(pod, set.spec.minReadySeconds);
    if (wait !== undefined && wait > 0) this.#queue.addAfter(set.key, wait);
    return wait === 0;
  }

  async #writeStatus(set: DaemonSet, pods: readonly Pod[]): Promise<void> {
    const nodes = this.#suitableNodes(set);
    const placed = pods.filter((pod) => nodes.includes(pod.spec.nodeName ?? ""));
    const hash = templateHash(set.spec.template);
    const available = placed.filter((pod) => this.#isAvailable(set, pod)).length;
    const status = {
      desiredNumberScheduled: nodes.length,
      currentNumberScheduled: new Set(placed.map((pod) => pod.spec.nodeName)).size,
      numberMisscheduled: pods.length - placed.length,
      numberReady: placed.filter(isReady).length,
      numberAvailable: available,
      numberUnavailable: Math.max(0, nodes.length - available),
      updatedNumberScheduled: placed.filter((pod) => hashOf(pod) === hash).length,
      observedGeneration: set.object.metadata.generation ?? 0,
    };
    if (isDeepStrictEqual({ ...set.status, ...status }, set.status)) return;
    const ref = { ...REF.daemonSets, namespace: set.namespace };
    await this.#view.client.update(ref, { ...set.object, status }, { subresource: "status" });
  }
}

function hashOf(pod: Pod): string | undefined {
  return pod.object.metadata.labels?.[HASH_LABEL];
}

function limitsOf({ spec }: DaemonSet, nodes: number): Fenceposts | undefined {
  if (spec.updateStrategy?.type === "OnDelete") return undefined;
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  return resolveFenceposts({ maxSurge, maxUnavailable }, nodes);
}

function onNode(pod: NewObject, nodeName: string, hash: string): NewObject {
  const labels = { ...pod.metadata.labels, [HASH_LABEL]: hash };
  const spec = typeof pod.spec === "object" ? pod.spec : {};
  return { ...pod, metadata: { ...pod.metadata, labels }, spec: { ...spec, nodeName } };
}
