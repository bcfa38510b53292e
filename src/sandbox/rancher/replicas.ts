import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** A Rancher process that serves. */
export interface Replica {
  readonly pod: string;
  /** What it answers on its own port to a request that needs no token, by whatever way that came. */
  answer(path: string): { readonly status: number; readonly body: string };
  handle(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Starts the controllers that only one replica may run. @returns how to stop them */
  lead(): () => void;
}

/** The Rancher pods that exist, as the ingress and the leader election see them. */
export class Replicas {
  readonly #serving: Replica[] = [];
  #turn = 0;
  #starting = 0;
  #leader: { readonly pod: string; readonly stop: () => void } | undefined;

  /** Pods whose process runs but does not serve yet: a proxy finds an endpoint that refuses. */
  get starting(): number {
    return this.#starting;
  }

  get serving(): number {
    return this.#serving.length;
  }

  beginStart(): void {
    this.#starting += 1;
  }

  endStart(): void {
    this.#starting -= 1;
  }

  join(replica: Replica): void {
    this.#serving.push(replica);
    this.#elect();
  }

  leave(pod: string): void {
    const index = this.#serving.findIndex((replica) => replica.pod === pod);
    if (index >= 0) this.#serving.splice(index, 1);
    if (this.#leader?.pod !== pod) return;
    this.#leader.stop();
    this.#leader = undefined;
    this.#elect();
  }

  /** The one that serves in this pod. */
  named(pod: string): Replica | undefined {
    return this.#serving.find((replica) => replica.pod === pod);
  }

  /** Round robin over the pods that serve. */
  next(): Replica | undefined {
    this.#turn += 1;
    return this.#serving[this.#turn % this.#serving.length];
  }

  #elect(): void {
    const candidate = this.#serving[0];
    if (this.#leader !== undefined || candidate === undefined) return;
    this.#leader = { pod: candidate.pod, stop: candidate.lead() };
  }
}
