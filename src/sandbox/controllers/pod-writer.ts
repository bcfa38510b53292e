/**
 * Creates and deletes a workload's pods, and knows which of those writes the watch has not shown yet: a controller
 * that counted its pods too early would create or delete twice (Kubernetes: ControllerExpectations).
 */
import { ApiError, type NewObject } from "../cluster-client.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { Item } from "./item.ts";
import { keyOf } from "./item.ts";
import type { Pod } from "./pod.ts";
import { podFor } from "./pod-names.ts";
import { type PodTemplate, REF } from "./workload.ts";

export class PodWriter {
  readonly #view: ClusterView;
  readonly #source: string;
  /** By owner's uid: names to appear (`+namespace/name`) and uids to begin to disappear (`-uid`). */
  readonly #expected = new Map<string, Set<string>>();

  /** @param source the component that the events name, `replicaset-controller` */
  constructor(view: ClusterView, source: string) {
    this.#view = view;
    this.#source = source;
    view.pods.onChange(({ kind, item }) => {
      const leaving = kind === "removed" || item.object.metadata.deletionTimestamp !== undefined;
      for (const expected of this.#expected.values()) {
        expected.delete(`+${item.key}`);
        if (leaving) expected.delete(`-${item.uid}`);
      }
    });
  }

  /** Whether the watch has shown everything that was written for this owner. */
  isUpToDate(owner: { readonly uid: string }): boolean {
    return !this.#expected.get(owner.uid)?.size;
  }

  forget(owner: { readonly uid: string }): void {
    this.#expected.delete(owner.uid);
  }

  /** @param change what to add to the pod that the template makes */
  async create(
    owner: Item<unknown, unknown>,
    template: PodTemplate,
    change: (pod: NewObject) => NewObject = (pod) => pod,
  ): Promise<void> {
    const pod = change(podFor(owner.object, template));
    const name = pod.metadata.name ?? "";
    const settle = this.#expect(owner.uid, `+${keyOf(owner.namespace, name)}`);
    try {
      await this.#view.client.create({ ...REF.pods, namespace: owner.namespace }, pod);
    } catch (error) {
      settle();
      const message = `Error creating: ${error instanceof Error ? error.message : "unknown"}`;
      this.#record(owner, { type: "Warning", reason: "FailedCreate", message });
      throw error;
    }
    this.#record(owner, { type: "Normal", reason: "SuccessfulCreate", message: `Created pod: ${name}` });
  }

  async delete(owner: Item<unknown, unknown>, pod: Pod): Promise<void> {
    const settle = this.#expect(owner.uid, `-${pod.uid}`);
    try {
      await this.#view.client.delete({ ...REF.pods, namespace: pod.namespace }, pod.name, {
        preconditions: { uid: pod.uid },
      });
    } catch (error) {
      settle();
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      return;
    }
    this.#record(owner, { type: "Normal", reason: "SuccessfulDelete", message: `Deleted pod: ${pod.name}` });
  }

  #expect(owner: string, what: string): () => void {
    const expected = this.#expected.get(owner) ?? new Set();
    this.#expected.set(owner, expected);
    expected.add(what);
    return () => expected.delete(what);
  }

  #record(owner: Item<unknown, unknown>, event: { type: "Normal" | "Warning"; reason: string; message: string }): void {
    this.#view.events.record({ ...event, about: owner.object, source: this.#source });
  }
}
