/** A cluster of the sandbox's estate whose pods a real node runs: its agents are processes in real containers. */

import type { AgentObserver } from "../../../src/sandbox/agent/observer.ts";
import type { NewObject } from "../../../src/sandbox/cluster-client.ts";
import type { ClusterOptions } from "../../../src/sandbox/scenario/estate-cluster.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { RealCluster } from "../control-plane/real-cluster.ts";
import { shareTheNodesNetwork } from "./host-network.ts";
import { type RealNode, startRealNode } from "./real-node.ts";
import { type Reports, receiveReports } from "./reports.ts";

export interface AgentsOnNode {
  /** The tag of `rancher/rancher-agent`. */
  readonly agentVersion: string;
  /** Told what the agents tell. */
  readonly observer: AgentObserver;
}

export class RealNodeCluster extends RealCluster {
  readonly #parts: AgentsOnNode & { readonly controlPlane: ControlPlane };
  #prepared: Promise<void> | undefined;
  #node: RealNode | undefined;
  #reports: Reports | undefined;

  constructor(
    controlPlane: ControlPlane,
    definitions: readonly NewObject[],
    options: ClusterOptions,
    agents: AgentsOnNode,
  ) {
    super(controlPlane, definitions, options);
    this.#parts = { ...agents, controlPlane };
  }

  /** Deployments make their pods as soon as they are there. */
  override async create(objects: readonly NewObject[]): Promise<void> {
    this.#prepared ??= shareTheNodesNetwork(this.#parts.controlPlane);
    await this.#prepared;
    await super.create(objects);
  }

  /** The images that the sandbox has for its own nodes are not run: the node has one with the same program. */
  override async start(): Promise<void> {
    const { controlPlane, agentVersion, observer } = this.#parts;
    this.#reports = await receiveReports(observer);
    this.#node = await startRealNode(controlPlane, { agentVersion, reports: this.#reports.url });
  }

  override async stop(): Promise<void> {
    await this.#node?.stop();
    await this.#reports?.stop();
    await super.stop();
  }
}
