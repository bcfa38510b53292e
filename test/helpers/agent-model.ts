/**
 * A cluster agent's Deployment as Kubernetes runs it, without time: `settle` lets every back-off and every
 * `minReadySeconds` pass. Pessimistic where reality depends on luck: without `minReadySeconds` a crashing pod counts as
 * available, as a real kubelet was seen to report it for 1.5 s.
 */
import type { AgentPod, AgentWorkload } from "../../src/estate/agent.ts";
import { agentWith, runningPod, waitingPod } from "./estate-builder.ts";

export interface ModelPod {
  readonly name: string;
  readonly pin: string;
  /** The bundle that it fetched at its last start that passed; undefined while its start check fails. */
  trusts: string | undefined;
  hasRun: boolean;
}

/** What a starting pod meets: one attempt for each replica of Rancher, in the order in which it comes to them. */
export interface StartConditions {
  /** The bundle that a pod with this pin fetches and accepts, from any replica that serves it; undefined if none does. */
  accepted(pin: string): string | undefined;
}

export class AgentModel {
  pin: string;
  minReadySeconds: number;
  readonly replicas: number;
  pods: ModelPod[] = [];
  #made = 0;
  readonly #id: string;

  constructor(
    id: string,
    options: { readonly pin: string; readonly replicas: number; readonly minReadySeconds: number },
  ) {
    this.#id = id;
    this.pin = options.pin;
    this.replicas = options.replicas;
    this.minReadySeconds = options.minReadySeconds;
  }

  /** Some pod works. */
  get works(): boolean {
    return this.pods.some(({ trusts }) => trusts !== undefined);
  }

  patch(pin: string, minReadySeconds: number, start: StartConditions): void {
    this.pin = pin;
    this.minReadySeconds = Math.max(this.minReadySeconds, minReadySeconds);
    this.settle(start);
  }

  /** The pods of the given indices end, and their ReplicaSets make them again. */
  restart(indices: readonly number[], start: StartConditions): void {
    this.pods = this.pods.map((pod, index) => (indices.includes(index % this.pods.length) ? this.#pod(pod.pin) : pod));
    this.settle(start);
  }

  /** The waiting pods with the pin are deleted, and made again. */
  nudge(pin: string, start: StartConditions): void {
    this.pods = this.pods.map((pod) => (pod.pin === pin && pod.trusts === undefined ? this.#pod(pin) : pod));
    this.settle(start);
  }

  /** Time passes until nothing changes any more. */
  settle(start: StartConditions): void {
    let before = "";
    while (before !== JSON.stringify(this.pods)) {
      before = JSON.stringify(this.pods);
      this.#startAll(start);
      this.#reconcile();
    }
  }

  /** As Farrier observes it. */
  observed(): AgentWorkload {
    const own = this.pods.filter(({ pin }) => pin === this.pin);
    const running = this.pods.filter(({ trusts }) => trusts !== undefined);
    return agentWith(this.pin, {
      replicas: this.replicas,
      minReadySeconds: this.minReadySeconds,
      updatedReplicas: own.length,
      totalReplicas: this.pods.length,
      readyReplicas: running.length,
      availableReplicas: running.length,
      pods: this.pods.map(observedPod),
    });
  }

  #pod(pin: string): ModelPod {
    this.#made += 1;
    return { name: `${this.#id}-${this.#made}`, pin, trusts: undefined, hasRun: false };
  }

  #startAll(start: StartConditions): void {
    for (const pod of this.pods) {
      if (pod.trusts !== undefined) continue;
      pod.hasRun = true;
      pod.trusts = start.accepted(pod.pin);
    }
  }

  /** RollingUpdate with maxSurge 1 and maxUnavailable 0, as Rancher makes it. */
  #reconcile(): void {
    const own = () => this.pods.filter(({ pin }) => pin === this.pin);
    while (own().length < this.replicas && this.pods.length < this.replicas + 1) this.pods.push(this.#pod(this.pin));
    while (own().length > this.replicas) this.#remove(this.pods.findLast(({ pin }) => pin === this.pin));
    const unavailableNew = own().filter((pod) => !this.#available(pod)).length;
    // Old pods that do not work go first, then old ones for every new one that is available.
    let removable = this.pods.length - this.replicas - unavailableNew;
    for (const pod of this.pods.filter((one) => one.pin !== this.pin && !this.#available(one))) {
      if (removable <= 0) break;
      this.#remove(pod);
      removable -= 1;
    }
    let spare = this.pods.filter((pod) => this.#available(pod)).length - this.replicas;
    for (const pod of this.pods.filter(({ pin }) => pin !== this.pin)) {
      if (spare <= 0) break;
      this.#remove(pod);
      spare -= 1;
    }
  }

  #available(pod: ModelPod): boolean {
    return pod.trusts !== undefined || this.minReadySeconds === 0;
  }

  #remove(pod: ModelPod | undefined): void {
    this.pods = this.pods.filter((one) => one !== pod);
  }
}

function observedPod(pod: ModelPod): AgentPod {
  const seen = pod.trusts === undefined ? waitingPod(pod.pin, pod.name) : runningPod(pod.pin, pod.name);
  return { ...seen, hasRun: pod.hasRun };
}
