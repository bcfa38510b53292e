/** What all controllers of one cluster share: its client, its clock, and one local copy of each collection. */
import type { Clock } from "../clock.ts";
import type { ClusterClient } from "../cluster-client.ts";
import { EventRecorder } from "./event-recorder.ts";
import { Informer } from "./informer.ts";
import { readPlain } from "./item.ts";
import { type Pod, readPod } from "./pod.ts";
import { Readiness } from "./readiness.ts";
import { controllerOf, REF, readDaemonSet, readDeployment, readNode, readReplicaSet } from "./workload.ts";

export class ClusterView {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly deployments = new Informer(REF.deployments, readDeployment);
  readonly replicaSets = new Informer(REF.replicaSets, readReplicaSet);
  readonly daemonSets = new Informer(REF.daemonSets, readDaemonSet);
  readonly pods = new Informer(REF.pods, readPod);
  readonly nodes = new Informer(REF.nodes, readNode);
  readonly secrets = new Informer(REF.secrets, readPlain);
  readonly configMaps = new Informer(REF.configMaps, readPlain);
  readonly readiness: Readiness;

  constructor(client: ClusterClient, clock: Clock) {
    this.client = client;
    this.clock = clock;
    this.events = new EventRecorder(client, clock);
    this.readiness = new Readiness(this.pods, clock);
  }

  /** Resolves when every local copy holds what existed. Handlers must be registered before. */
  async start(): Promise<void> {
    await Promise.all(this.#informers().map((informer) => informer.start(this.client, this.clock)));
    this.readiness.watchFromNow();
  }

  close(): void {
    for (const informer of this.#informers()) informer.close();
  }

  /** The pods that a workload controls, whatever their state. */
  podsOf(owner: { readonly uid: string }): Pod[] {
    return this.pods.list().filter((pod) => controllerOf(pod.object)?.uid === owner.uid);
  }

  #informers() {
    const workloads = [this.deployments, this.replicaSets, this.daemonSets] as const;
    return [...workloads, this.pods, this.nodes, this.secrets, this.configMaps] as const;
  }
}
