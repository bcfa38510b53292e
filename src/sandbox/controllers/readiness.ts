/**
 * Since when each pod has been Ready, to the millisecond. The condition's own `lastTransitionTime` has whole seconds,
 * which in a fast sandbox are half a minute: it serves only for pods that were Ready before anybody watched.
 */
import type { Clock } from "../clock.ts";
import type { Informer } from "./informer.ts";
import { isReady, type Pod } from "./pod.ts";

export class Readiness {
  readonly #clock: Clock;
  readonly #since = new Map<string, Date>();
  #watching = false;

  constructor(pods: Informer<Pod>, clock: Clock) {
    this.#clock = clock;
    pods.onChange((change) => {
      if (change.kind === "removed") this.#since.delete(change.item.uid);
      else this.#note(change.item);
    });
  }

  /** From now on, what becomes Ready does so at the moment in which it is seen. */
  watchFromNow(): void {
    this.#watching = true;
  }

  /** Milliseconds of sandbox time for which the pod has been Ready without a break; undefined if it is not Ready. */
  readyFor(pod: Pod): number | undefined {
    const since = this.#since.get(pod.uid);
    return since && isReady(pod) ? Math.max(0, this.#clock.elapsed(since)) : undefined;
  }

  /**
   * Milliseconds of sandbox time until the pod is available (Ready for `minReadySeconds`): 0 when it is, undefined
   * while it is not Ready.
   */
  availableIn(pod: Pod, minReadySeconds: number): number | undefined {
    const readyFor = this.readyFor(pod);
    return readyFor === undefined ? undefined : Math.max(0, minReadySeconds * 1_000 - readyFor);
  }

  #note(pod: Pod): void {
    if (!isReady(pod)) this.#since.delete(pod.uid);
    else if (!this.#since.has(pod.uid)) this.#since.set(pod.uid, this.#watching ? this.#clock.now() : statedSince(pod));
  }
}

function statedSince(pod: Pod): Date {
  const stated = pod.status.conditions?.find((condition) => condition.type === "Ready")?.lastTransitionTime;
  return stated === undefined ? new Date() : new Date(stated);
}
