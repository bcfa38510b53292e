/** A cluster of the sandbox for the tests of its controllers: API server, controllers, a fast clock, waiting by watch. */
import { ApiServer } from "../../src/sandbox/api-server/api-server.ts";
import { type Clock, realClock } from "../../src/sandbox/clock.ts";
import type { ClusterClient, KubeObject, ResourceRef } from "../../src/sandbox/cluster-client.ts";
import type { ContainerProgram } from "../../src/sandbox/controllers/container-program.ts";
import { type Controllers, startControllers } from "../../src/sandbox/controllers/controllers.ts";
import type { NodeDescription } from "../../src/sandbox/controllers/nodes.ts";
import { readPod } from "../../src/sandbox/controllers/pod.ts";
import {
  controllerOf,
  type Deployment,
  REF,
  readDeployment,
  readReplicaSet,
} from "../../src/sandbox/controllers/workload.ts";

export const NAMESPACE = "default";

export interface ClusterOptions {
  readonly speed?: number;
  readonly programs?: Readonly<Record<string, ContainerProgram>>;
  readonly unpullable?: (image: string) => boolean;
  readonly nodes?: readonly NodeDescription[];
  /** Puts something between the controllers and the API server. */
  readonly wrap?: (client: ClusterClient, clock: Clock) => ClusterClient;
}

export class TestCluster implements AsyncDisposable {
  readonly server: ApiServer;
  readonly client: ClusterClient;
  readonly clock: ReturnType<typeof realClock>;
  readonly controllers: Controllers;

  private constructor(options: ClusterOptions, server?: ApiServer) {
    const { speed = 50, programs = {}, unpullable, nodes, wrap = (client: ClusterClient) => client } = options;
    this.clock = realClock(speed);
    this.server = server ?? new ApiServer({ clock: this.clock });
    this.client = this.server.client();
    this.controllers = startControllers({
      client: wrap(this.client, this.clock),
      clock: this.clock,
      images: { programs, ...(unpullable ? { unpullable } : {}) },
      ...(nodes ? { nodes } : {}),
    });
    this.server.setLogSource(this.controllers.logs);
  }

  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options);
    await cluster.controllers.ready;
    return cluster;
  }

  /** New controllers over what another cluster has stored; that one's own must have stopped. */
  static async over(other: TestCluster, options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options, other.server);
    await cluster.controllers.ready;
    return cluster;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.controllers.stop();
    this.server.stop();
    this.clock.stop();
  }

  /** Resolves with the collection's objects as soon as they are what the condition wants; fails after 20 s of wall time. */
  until(ref: ResourceRef, what: string, condition: (objects: KubeObject[]) => boolean): Promise<KubeObject[]> {
    const { promise, resolve, reject } = Promise.withResolvers<KubeObject[]>();
    const objects = new Map<string, KubeObject>();
    const late = setTimeout(() => {
      const seen = [...objects.values()].map((object) => JSON.stringify({ ...object, spec: undefined }));
      reject(new Error(`not seen in time: ${what}; last seen: ${seen.join("\n")}`));
    }, 20_000);
    let isComplete = false;
    const look = () => {
      if (isComplete && condition([...objects.values()])) resolve([...objects.values()]);
    };
    const watch = this.client.watch(ref, ({ type, object }) => {
      const key = `${object.metadata.namespace}/${object.metadata.name}`;
      if (type === "DELETED") objects.delete(key);
      else objects.set(key, object);
      look();
    });
    // The watch begins with what exists; half of that must not be taken for all. An empty collection tells nothing.
    void this.client.list(ref).then(() => {
      isComplete = true;
      look();
    });
    return promise.finally(() => {
      clearTimeout(late);
      watch.close();
    });
  }

  untilPods(what: string, condition: (pods: ReturnType<typeof podView>[]) => boolean) {
    return this.until(inNamespace(REF.pods), what, (objects) => condition(objects.map(podView)));
  }

  /** Resolves when `kubectl rollout status` would say "successfully rolled out", judged by the same fields. */
  async untilRolledOut(name: string): Promise<KubeObject> {
    const found = await this.until(inNamespace(REF.deployments), `${name} rolled out`, (objects) =>
      objects.some((object) => object.metadata.name === name && isRolledOut(object)),
    );
    const deployment = found.find((object) => object.metadata.name === name);
    if (!deployment) throw new Error(`no Deployment ${name}`);
    return deployment;
  }

  async deployment(name: string): Promise<Deployment> {
    const stored = await this.client.get(inNamespace(REF.deployments), name);
    const read = stored && readDeployment(stored);
    if (!read) throw new Error(`no Deployment ${name}`);
    return read;
  }

  async deploymentCondition(name: string, type: string) {
    return (await this.deployment(name)).status.conditions.find((condition) => condition.type === type);
  }

  async pods() {
    const { items } = await this.client.list(inNamespace(REF.pods));
    return items.map(podView);
  }

  /** Sizes of a Deployment's ReplicaSets, by revision: what should be there, what is, what is available. */
  async sets() {
    const { items } = await this.client.list(inNamespace(REF.replicaSets));
    const views = items.map(setView);
    return views.toSorted((a, b) => a.revision - b.revision);
  }

  createDeployment(spec: DeploymentOptions): Promise<KubeObject> {
    return this.client.create(inNamespace(REF.deployments), deployment(spec));
  }

  patchDeployment(name: string, spec: object): Promise<KubeObject> {
    const body = { spec };
    return this.client.patch(inNamespace(REF.deployments), name, { type: "strategic", body });
  }

  deletePod(name: string): Promise<void> {
    return this.client.delete(inNamespace(REF.pods), name);
  }
}

export interface DeploymentOptions {
  readonly name: string;
  readonly image?: string;
  readonly replicas?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly pod?: object;
  readonly container?: object;
  readonly spec?: object;
}

/** A Deployment with the strategy that Rancher gives its agent: no pod missing, one more at a time. */
export function deployment({ name, image = "pause", replicas = 1, env = {}, pod, container, spec }: DeploymentOptions) {
  const variables = Object.entries(env).map(([key, value]) => ({ name: key, value }));
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image, env: variables, ...container }], ...pod },
      },
      ...spec,
    },
  };
}

export function inNamespace(ref: ResourceRef): ResourceRef {
  return { ...ref, namespace: NAMESPACE };
}

/** A template patch that sets variables of the container `main`, as `kubectl set env` makes it. */
export function environment(env: Readonly<Record<string, string>>) {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  return { template: { spec: { containers: [{ name: "main", env: variables }] } } };
}

/** The template patch of `kubectl rollout restart`. */
export function restartedAt(at: string) {
  return { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": at } } } };
}

function isRolledOut(object: KubeObject): boolean {
  const read = readDeployment(object);
  if (!read) return false;
  const { observedGeneration = 0, updatedReplicas, replicas, availableReplicas } = read.status;
  return (
    observedGeneration >= (object.metadata.generation ?? 0) &&
    updatedReplicas >= read.spec.replicas &&
    replicas <= updatedReplicas &&
    availableReplicas >= updatedReplicas
  );
}

function setView(object: KubeObject) {
  const set = readReplicaSet(object);
  if (!set) throw new Error(`ReplicaSet ${object.metadata.name} is malformed`);
  const revision = Number(object.metadata.annotations?.["deployment.kubernetes.io/revision"]);
  return { name: set.name, revision, wanted: set.spec.replicas, available: set.status.availableReplicas, object };
}

interface StoredContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: { readonly exitCode: number; readonly reason: string };
}

/** A pod as `kubectl get pods` sums it up. */
export function podView(object: KubeObject) {
  const pod = readPod(object);
  if (!pod) throw new Error(`pod ${object.metadata.name} is malformed`);
  // The kubelet under test writes these: the tests judge them as plain JSON.
  const statuses = (pod.status.containerStatuses ?? []) as unknown as {
    readonly restartCount: number;
    readonly state: StoredContainerState;
    readonly lastState: StoredContainerState;
  }[];
  const [first] = statuses;
  const condition = (type: string) => pod.status.conditions?.find((each) => each.type === type);
  return {
    name: pod.name,
    uid: pod.uid,
    set: controllerOf(object)?.name,
    phase: pod.status.phase,
    node: pod.spec.nodeName,
    ready: condition("Ready")?.status === "True",
    isTerminating: object.metadata.deletionTimestamp !== undefined,
    scheduled: condition("PodScheduled"),
    condition,
    restarts: first?.restartCount ?? 0,
    state: first?.state ?? {},
    lastState: first?.lastState ?? {},
    env: Object.fromEntries((pod.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value])),
    labels: object.metadata.labels ?? {},
  };
}
