/**
 * A real control plane with a node on which the sandbox's kubelet runs pods as programs in this process: the stand-in
 * for real nodes. It binds pods, too, so that no scheduler is needed.
 */

import { realClock } from "../../../src/sandbox/clock.ts";
import type { ClusterClient } from "../../../src/sandbox/cluster-client.ts";
import type { ContainerProgram } from "../../../src/sandbox/controllers/container-program.ts";
import { type Controllers, startControllers } from "../../../src/sandbox/controllers/controllers.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { NetworkClient } from "./network-client.ts";
import { bearer, Wire } from "./wire.ts";

export class RunningNodes {
  readonly client: ClusterClient;
  readonly clock = realClock();
  /** By the beginning of an image's name; more may be added while it runs. */
  readonly programs: Record<string, ContainerProgram> = {};
  readonly #controlPlane: ControlPlane;
  readonly #wire: Wire;
  readonly #nodes: Controllers;

  private constructor(controlPlane: ControlPlane) {
    this.#controlPlane = controlPlane;
    this.#wire = new Wire(controlPlane.url, controlPlane.caPem);
    this.client = new NetworkClient(this.#wire.as(bearer(controlPlane.token)));
    const { client, clock, programs } = this;
    this.#nodes = startControllers({ client, clock, images: { programs }, workloadsElsewhere: true });
  }

  static async start(name: string): Promise<RunningNodes> {
    const nodes = new RunningNodes(await startControlPlane({ name }));
    await nodes.#nodes.ready;
    return nodes;
  }

  /** An administrator's. */
  get kubeconfig(): string {
    return this.#controlPlane.kubeconfig;
  }

  async stop(): Promise<void> {
    await this.#nodes.stop();
    this.clock.stop();
    await this.#wire.close();
    await this.#controlPlane.stop();
  }
}
