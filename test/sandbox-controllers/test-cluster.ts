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
import { HeldClock } from "../../src/sandbox/held-clock.ts";
import { Stalls } from "../../src/sandbox/stalls.ts";

export const NAMESPACE = "default";

export interface ClusterOptions {
  readonly speed?: number;
  readonly programs?: Readonly<Record<string, ContainerProgram>>;
  readonly unpullable?: (image: string) => boolean;
  readonly nodes?: readonly NodeDescription[];
  /** Puts something between the controllers and the API server. */
  readonly wrap?: (client: ClusterClient, clock: Clock) => ClusterClient;
}

/** A cluster with one namespace for a test: what it makes there, and waits for. */
export abstract class TestedCluster implements AsyncDisposable {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly namespace: string;
  /** What the names of this test's images begin with, where several tests share the nodes. */
  readonly registry: string;
  /** How long to wait for anything, in wall milliseconds. */
  readonly patienceMs: number = 60_000;

  constructor(client: ClusterClient, clock: Clock, place: { readonly namespace: string; readonly registry: string }) {
    this.client = client;
    this.clock = clock;
    this.namespace = place.namespace;
    this.registry = place.registry;
  }

  abstract [Symbol.asyncDispose](): Promise<void>;

  /** The collection in the test's namespace. */
  of(ref: ResourceRef): ResourceRef {
    return { ...ref, namespace: this.namespace };
  }

  /** Resolves with the collection's objects as soon as they are what the condition wants; fails after `patienceMs`. */
  until(ref: ResourceRef, what: string, condition: (objects: KubeObject[]) => boolean): Promise<KubeObject[]> {
    const { promise, resolve, reject } = Promise.withResolvers<KubeObject[]>();
    const objects = new Map<string, KubeObject>();
    const late = setTimeout(() => {
      const last = [...objects.values()].map((object) => JSON.stringify({ ...object, spec: undefined }));
      reject(new Error(`not seen in time: ${what}; last seen: ${last.join("\n")}`));
    }, this.patienceMs);
    // The watch begins with what exists; half of that must not be taken for all. An empty collection tells nothing.
    let unseen: Set<string> | undefined;
    const seen = new Set<string>();
    const look = () => {
      if (unseen?.isSubsetOf(seen) && condition([...objects.values()])) resolve([...objects.values()]);
    };
    const watch = this.client.watch(ref, ({ type, object }) => {
      const key = keyOf(object);
      if (type === "DELETED") objects.delete(key);
      else objects.set(key, object);
      seen.add(key);
      look();
    });
    void this.client.list(ref).then(({ items }) => {
      unseen = new Set(items.map(keyOf));
      look();
    });
    return promise.finally(() => {
      clearTimeout(late);
      watch.close();
    });
  }

  untilPods(what: string, condition: (pods: ReturnType<typeof podView>[]) => boolean) {
    return this.until(this.of(REF.pods), what, (objects) => condition(objects.map(podView)));
  }

  /** Resolves when `kubectl rollout status` would say "successfully rolled out", judged by the same fields. */
  async untilRolledOut(name: string): Promise<KubeObject> {
    const found = await this.until(this.of(REF.deployments), `${name} rolled out`, (objects) =>
      objects.some((object) => object.metadata.name === name && isRolledOut(object)),
    );
    const deployment = found.find((object) => object.metadata.name === name);
    if (!deployment) throw new Error(`no Deployment ${name}`);
    return deployment;
  }

  async deployment(name: string): Promise<Deployment> {
    const stored = await this.client.get(this.of(REF.deployments), name);
    const read = stored && readDeployment(stored);
    if (!read) throw new Error(`no Deployment ${name}`);
    return read;
  }

  async deploymentCondition(name: string, type: string) {
    return (await this.deployment(name)).status.conditions.find((condition) => condition.type === type);
  }

  async pods() {
    const { items } = await this.client.list(this.of(REF.pods));
    return items.map(podView);
  }

  /** Sizes of a Deployment's ReplicaSets, by revision: what should be there, what is, what is available. */
  async sets() {
    const { items } = await this.client.list(this.of(REF.replicaSets));
    const views = items.map(setView);
    return views.toSorted((a, b) => a.revision - b.revision);
  }

  createDeployment(spec: DeploymentOptions): Promise<KubeObject> {
    return this.client.create(
      this.of(REF.deployments),
      deployment({ ...spec, namespace: this.namespace, registry: this.registry }),
    );
  }

  patchDeployment(name: string, spec: object): Promise<KubeObject> {
    const body = { spec };
    return this.client.patch(this.of(REF.deployments), name, { type: "strategic", body });
  }

  deletePod(name: string): Promise<void> {
    return this.client.delete(this.of(REF.pods), name);
  }
}

/** Wall milliseconds without a turn of this process in which a cluster's time stands still. */
const STALL_MS = 10;

/**
 * A cluster of the sandbox, of its own for one test. Its time stands still while the machine is busy with something else,
 * as that of a sandbox's clusters does: what is measured by it is what the controllers have waited for.
 */
export class TestCluster extends TestedCluster {
  readonly server: ApiServer;
  readonly controllers: Controllers;
  readonly #base: ReturnType<typeof realClock>;
  readonly #stalls: Stalls;

  private constructor(options: ClusterOptions, server?: ApiServer) {
    const { speed = 50, programs = {}, unpullable, nodes, wrap = (client: ClusterClient) => client } = options;
    const base = realClock(speed);
    const stalls = new Stalls(STALL_MS);
    const own = server ?? new ApiServer({ clock: base });
    super(own.client(), new HeldClock(base, stalls), { namespace: NAMESPACE, registry: "" });
    this.#base = base;
    this.#stalls = stalls;
    this.server = own;
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
    this.#base.stop();
    this.#stalls.stop();
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
  readonly namespace?: string;
  readonly registry?: string;
}

/** A Deployment with the strategy that Rancher gives its agent: no pod missing, one more at a time. */
export function deployment(options: DeploymentOptions) {
  const { name, replicas = 1, env = {}, pod, container, spec, namespace = NAMESPACE } = options;
  const image = (options.registry ?? "") + (options.image ?? "pause");
  const variables = Object.entries(env).map(([key, value]) => ({ name: key, value }));
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
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

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
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
