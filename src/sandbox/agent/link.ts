import type { Duplex } from "node:stream";

/**
 * The network between one cluster and Rancher. Agents open their connections over it; faults cut it, slow it down
 * or make it swallow what is sent.
 */
export interface ClusterLink {
  /** False: nothing gets through, neither new connections nor old ones. */
  readonly up: boolean;
  /** True: connections stay open, but nothing is answered through them any more. */
  readonly halfOpen: boolean;
  /** Added to every request that goes through the tunnel, in milliseconds of sandbox time. */
  readonly latencyMs: number;
  /** Registers an open connection, so that cutting the link breaks it. */
  track(connection: Duplex): void;
}

/** A link with the switches that faults use. */
export class FaultyLink implements ClusterLink {
  latencyMs: number;
  halfOpen = false;
  readonly #open = new Set<Duplex>();
  #up = true;

  constructor(latencyMs: number) {
    this.latencyMs = latencyMs;
  }

  get up(): boolean {
    return this.#up;
  }

  track(connection: Duplex): void {
    this.#open.add(connection);
    connection.once("close", () => this.#open.delete(connection));
  }

  /** Takes the link down until `restore`. */
  cut(): void {
    this.#up = false;
    this.breakConnections();
  }

  restore(): void {
    this.#up = true;
  }

  /** Breaks what is open; new connections are possible at once. */
  breakConnections(): void {
    for (const connection of this.#open) connection.destroy();
  }
}
