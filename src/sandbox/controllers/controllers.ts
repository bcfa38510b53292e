/** What makes a cluster of the sandbox live: its controllers, its scheduler and its kubelets, started as one. */
import type { Clock } from "../clock.ts";
import type { ClusterClient } from "../cluster-client.ts";
import { ClusterView } from "./cluster-view.ts";
import type { Images } from "./container-program.ts";
import { DaemonSetController } from "./daemon-set/controller.ts";
import { DeploymentController } from "./deployment/controller.ts";
import { Content } from "./kubelet/content.ts";
import { Kubelet } from "./kubelet/kubelet.ts";
import { Scheduler } from "./kubelet/scheduler.ts";
import { type NodeDescription, registerNodes } from "./nodes.ts";
import { ReplicaSetController } from "./replica-set/controller.ts";

export interface ControllerOptions {
  /** The cluster, as one who may do everything in it. */
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly images: Images;
  /** One node called `node-1` unless told otherwise. */
  readonly nodes?: readonly NodeDescription[];
  /** Whether a real controller manager looks after Deployments, ReplicaSets and DaemonSets. By default none does. */
  readonly workloadsElsewhere?: boolean;
  /** The cluster as a service account: what the containers of its pods are given. By default `client`. */
  readonly clientOf?: (account: { readonly namespace: string; readonly name: string }) => ClusterClient;
}

export interface Controllers {
  /** Resolves when everything that was stored has been taken up and the nodes are registered. */
  readonly ready: Promise<void>;
  /** The logs of all containers: the present or last run of each, and the one before. */
  readonly logs: Pick<Kubelet, "read" | "follow">;
  /**
   * Stops every container (SIGTERM, then the pod's grace period), watch and timer. What is stored stays as it is.
   * Stop the clock afterwards, not before: a program that ignores SIGTERM is given up by it.
   */
  stop(): Promise<void>;
}

/** Starts the controllers of one cluster. They act by watches alone, so that an idle cluster costs nothing. */
export function startControllers(options: ControllerOptions): Controllers {
  const { client, clock, images, nodes = [{ name: "node-1" }], clientOf = () => client } = options;
  const view = new ClusterView(client, clock);
  const content = new Content(view.secrets, view.configMaps);
  const kubelet = new Kubelet({ view, images, content, clientOf });
  const workloads = () => [
    new DeploymentController(view),
    new ReplicaSetController(view),
    new DaemonSetController(view),
  ];
  const controllers = [...(options.workloadsElsewhere ? [] : workloads()), new Scheduler(view)];
  let isStopped = false;
  const start = async () => {
    await registerNodes(view, nodes);
    await view.start();
    if (isStopped) return;
    kubelet.start();
    for (const controller of controllers) controller.start();
  };
  const stop = async () => {
    isStopped = true;
    await Promise.all(controllers.map((controller) => controller.stop()));
    await kubelet.stop();
    view.close();
    await view.events.settle();
  };
  return { ready: start(), logs: kubelet, stop };
}
