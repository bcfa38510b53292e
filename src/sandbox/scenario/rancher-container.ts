import type { Clock } from "../clock.ts";
import type { ClusterClient } from "../cluster-client.ts";
import type { ContainerProgram, RunningContainer } from "../controllers/container-program.ts";

interface Surroundings {
  readonly client: ClusterClient;
  readonly clock: Clock;
  /** What its host has mounted as `cacerts.pem`. */
  readonly bundle: string;
}

/** Rancher as one process outside of every cluster (`docker run rancher/rancher`): no Deployment, no pod. */
export class RancherContainer {
  readonly #program: ContainerProgram;
  readonly #surroundings: Surroundings;
  #running: RunningContainer | undefined;

  constructor(program: ContainerProgram, surroundings: Surroundings) {
    this.#program = program;
    this.#surroundings = surroundings;
  }

  start(): void {
    if (this.#running !== undefined) return;
    const { client, clock, bundle } = this.#surroundings;
    this.#running = this.#program.start({
      // What stands for its pod is known to nobody but itself.
      pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "rancher-container", namespace: "cattle-system" } },
      container: { name: "rancher", image: "rancher/rancher" },
      env: {},
      client,
      readFile: () => bundle,
      log: () => {},
      clock,
    });
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#running?.stop();
    await this.#running?.exited;
    this.#running = undefined;
  }
}
