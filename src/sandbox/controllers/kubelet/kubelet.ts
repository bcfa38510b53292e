/** The kubelets of all nodes of a cluster in one: runs every pod that has a node, as programs in this process. */
import type { Change } from "../informer.ts";
import { keyOf } from "../item.ts";
import { isFinished, type Pod } from "../pod.ts";
import type { ContainerLog, LogLine } from "./container-log.ts";
import { type PodHost, PodWorker } from "./pod-worker.ts";

/** One container; the pod's first one if none is named. */
export interface LogAddress {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string;
}

export class Kubelet {
  readonly #host: PodHost;
  readonly #workers = new Map<string, PodWorker>();
  readonly #running = new Set<Promise<void>>();
  #isStarted = false;
  #addresses = 0;

  constructor(host: PodHost) {
    this.#host = host;
    host.view.pods.onChange((change) => {
      if (this.#isStarted) this.#see(change);
    });
  }

  /** Takes up every pod that is stored; call it once the view is in sync. */
  start(): void {
    this.#isStarted = true;
    for (const item of this.#host.view.pods.list()) this.#see({ kind: "added", item });
  }

  /** Ends all containers. The pods stay stored as they are. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    await Promise.all([...this.#workers.values()].map((worker) => worker.forget()));
    this.#workers.clear();
    await Promise.all(this.#running);
  }

  /** The lines of a container's present (or last) run, or of the run before it; undefined if there was none. */
  read(address: LogAddress & { readonly previous?: boolean }): readonly LogLine[] | undefined {
    return this.#log(address, address.previous ?? false)?.lines;
  }

  /** Tells of each line from now on, and of the end of the run. @returns how to stop that */
  follow(address: LogAddress, onLine: (line: LogLine) => void, onEnd: () => void): () => void {
    const log = this.#log(address, false);
    if (!log) onEnd();
    return log?.follow(onLine, onEnd) ?? (() => {});
  }

  #log({ namespace, pod, container }: LogAddress, previous: boolean): ContainerLog | undefined {
    const stored = this.#host.view.pods.get(keyOf(namespace, pod));
    const name = container ?? stored?.spec.containers[0]?.name ?? "";
    return this.#workers.get(stored?.uid ?? "")?.log(name, previous);
  }

  #see({ kind, item }: Change<Pod>): void {
    const worker = this.#workers.get(item.uid);
    if (kind === "removed") {
      this.#workers.delete(item.uid);
      if (worker) this.#keep(worker.forget(0));
      return;
    }
    if (worker) this.#keep(worker.update(item));
    else if (item.spec.nodeName !== undefined && !isFinished(item)) this.#take(item);
  }

  #take(pod: Pod): void {
    this.#addresses += 1;
    const ip = `10.42.${Math.floor(this.#addresses / 254) % 256}.${(this.#addresses % 254) + 1}`;
    const worker = new PodWorker(pod, ip, this.#host);
    this.#workers.set(pod.uid, worker);
    const isLeaving = pod.object.metadata.deletionTimestamp !== undefined;
    this.#keep(isLeaving ? worker.update(pod) : worker.run());
  }

  #keep(work: Promise<void> | undefined): void {
    if (!work) return;
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }
}
