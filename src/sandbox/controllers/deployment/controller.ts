/**
 * The Deployment controller: Deployment → ReplicaSets. Each pass looks at what is stored, does at most one kind of
 * change, and lets the watch bring it back for the next (as Kubernetes' own does; its order of steps is kept, since
 * what survives of a half-done rollout depends on it: rancher.md §0b).
 */
import type { ClusterView } from "../cluster-view.ts";
import { isFinished } from "../pod.ts";
import { WorkQueue } from "../work-queue.ts";
import { controllerOf, type Deployment, REF, type ReplicaSet } from "../workload.ts";
import { fencepostsOf } from "./fenceposts.ts";
import { ensureNewSet, resize, updateNewSet } from "./replica-set-writes.ts";
import { noteOfDesired, noteOfMax, splitSets, surplusSets } from "./replica-sets.ts";
import { newSetSize, type Resizes, type Rollout, scaleInProportion, shrinkOldSets } from "./rolling-update.ts";
import { countedStatus, deadlineOf, isComplete, rolloutStatus } from "./status.ts";
import { ProgressLog, withPause, writeStatus } from "./status-writes.ts";

export class DeploymentController {
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  readonly #progress: ProgressLog;

  constructor(view: ClusterView) {
    this.#view = view;
    this.#queue = new WorkQueue(view.clock, (key) => this.#sync(key));
    this.#progress = new ProgressLog(view.clock);
    view.deployments.onChange((change) => {
      this.#progress.see(change);
      this.#queue.add(change.item.key);
    });
    view.replicaSets.onChange(({ item }) => this.#addOwner(item));
    view.pods.onChange(({ kind, item }) => {
      if (kind === "removed") this.#addRecreated(controllerOf(item.object)?.uid);
    });
  }

  /** Takes up everything that is stored; call it once the view is in sync. */
  start(): void {
    this.#queue.start();
  }

  stop(): Promise<void> {
    return this.#queue.stop();
  }

  #addOwner(set: ReplicaSet): void {
    const owner = controllerOf(set.object);
    if (owner?.kind === "Deployment") this.#queue.add(`${set.namespace}/${owner.name}`);
  }

  /** Under Recreate, the end of an old pod is what the new ReplicaSet waits for. */
  #addRecreated(setUid: string | undefined): void {
    const set = this.#view.replicaSets.list().find((each) => each.uid === setUid);
    if (set) this.#addOwner(set);
  }

  #setsOf(deployment: Deployment): ReplicaSet[] {
    return this.#view.replicaSets.list().filter((set) => controllerOf(set.object)?.uid === deployment.uid);
  }

  async #sync(key: string): Promise<void> {
    const deployment = this.#view.deployments.get(key);
    if (!deployment) return;
    if (deployment.object.metadata.deletionTimestamp !== undefined) return;
    const owned = this.#setsOf(deployment);
    if (deployment.spec.paused) return this.#scale(deployment, owned);
    if (deployment.spec.strategy?.type === "Recreate") return this.#recreate(deployment, owned);
    if (isScaling(deployment, owned)) return this.#scale(deployment, owned);
    return this.#roll(deployment, owned);
  }

  async #roll(deployment: Deployment, owned: readonly ReplicaSet[]): Promise<void> {
    const newSet = await ensureNewSet(this.#view, deployment, owned);
    if (!newSet) return;
    const { oldSets } = splitSets(deployment, owned);
    const rollout: Rollout = {
      desired: deployment.spec.replicas,
      limits: fencepostsOf(deployment.spec),
      newSet: scaleOf(newSet),
      oldSets: oldSets.map(scaleOf),
    };
    const grown = new Map([[newSet.name, newSetSize(rollout)]]);
    const changed =
      (await this.#resizeAll(deployment, [newSet], grown)) ||
      (await this.#resizeAll(deployment, oldSets, shrinkOldSets(rollout)));
    await this.#finish(deployment, { newSet, oldSets, changed });
  }

  async #recreate(deployment: Deployment, owned: readonly ReplicaSet[]): Promise<void> {
    const { newSet: present, oldSets } = splitSets(deployment, owned);
    const emptied = new Map(oldSets.map((set) => [set.name, 0]));
    const changed = await this.#resizeAll(deployment, oldSets, emptied);
    if (changed || oldSets.some((set) => this.#hasPods(set))) {
      return this.#finish(deployment, { newSet: present, oldSets, changed: true });
    }
    const newSet = await ensureNewSet(this.#view, deployment, owned);
    if (!newSet) return;
    const full = new Map([[newSet.name, deployment.spec.replicas]]);
    const grown = await this.#resizeAll(deployment, [newSet], full);
    await this.#finish(deployment, { newSet, oldSets, changed: grown });
  }

  #hasPods(set: ReplicaSet): boolean {
    return this.#view.podsOf(set).some((pod) => !isFinished(pod));
  }

  async #finish(deployment: Deployment, pass: Pass): Promise<void> {
    const { newSet, oldSets, changed } = pass;
    const sets = newSet ? [...oldSets, newSet] : oldSets;
    if (!changed && isComplete(deployment, deployment.status)) await this.#cleanUp(deployment, oldSets);
    const observed = { deployment, newSet, sets, now: this.#view.clock.now() };
    const status = rolloutStatus(observed, this.#progress.waited(deployment));
    await writeStatus(this.#view, deployment, status);
    const deadline = deadlineOf(deployment);
    if (deadline !== undefined && !isComplete(deployment, status)) {
      this.#queue.addAfter(deployment.key, Math.max(1, deadline - this.#progress.waited(deployment)));
    }
  }

  /** Only sizes: no ReplicaSet is made for a new template (a paused Deployment, or `replicas` changed in between). */
  async #scale(deployment: Deployment, owned: readonly ReplicaSet[]): Promise<void> {
    const { newSet: present, oldSets } = splitSets(deployment, owned);
    const newSet = present && (await updateNewSet(this.#view, deployment, { set: present, oldSets }));
    const all = newSet ? [...oldSets, newSet] : [...oldSets];
    await this.#resizeAll(deployment, all, scaledSizes(deployment, newSet, oldSets));
    const now = this.#view.clock.now();
    const status = withPause(countedStatus({ deployment, newSet, sets: all, now }), deployment, now);
    await writeStatus(this.#view, deployment, status);
  }

  async #resizeAll(deployment: Deployment, sets: readonly ReplicaSet[], sizes: Resizes): Promise<boolean> {
    let changed = false;
    for (const set of sets) {
      const size = sizes.get(set.name);
      if (size !== undefined && (await resize(this.#view, deployment, { set, size }))) changed = true;
    }
    return changed;
  }

  async #cleanUp(deployment: Deployment, oldSets: readonly ReplicaSet[]): Promise<void> {
    for (const set of surplusSets(deployment, oldSets)) {
      await this.#view.client.delete({ ...REF.replicaSets, namespace: set.namespace }, set.name, {
        preconditions: { uid: set.uid },
      });
    }
  }
}

interface Pass {
  readonly newSet: ReplicaSet | undefined;
  readonly oldSets: readonly ReplicaSet[];
  /** Whether this pass resized anything. */
  readonly changed: boolean;
}

function scaleOf(set: ReplicaSet) {
  return { name: set.name, replicas: set.spec.replicas, available: set.status.availableReplicas };
}

/** Whether `replicas` changed since the ReplicaSets were last sized: they are scaled before the rollout goes on. */
function isScaling(deployment: Deployment, owned: readonly ReplicaSet[]): boolean {
  return owned.some((set) => {
    const noted = noteOfDesired(set);
    return set.spec.replicas > 0 && noted !== undefined && noted !== deployment.spec.replicas;
  });
}

function scaledSizes(deployment: Deployment, newSet: ReplicaSet | undefined, oldSets: readonly ReplicaSet[]): Resizes {
  const desired = deployment.spec.replicas;
  const newestFirst = [...(newSet ? [newSet] : []), ...oldSets.toReversed()];
  const active = newestFirst.filter((set) => set.spec.replicas > 0);
  if (active.length <= 1) {
    const only = active[0] ?? newestFirst[0];
    return new Map(only ? [[only.name, desired]] : []);
  }
  if (isSaturated(newSet, desired)) {
    return new Map(oldSets.map((set) => [set.name, 0]));
  }
  if (deployment.spec.strategy?.type === "Recreate") return new Map();
  const { maxSurge } = fencepostsOf(deployment.spec);
  const pods = active.reduce((sum, set) => sum + set.spec.replicas, 0);
  const inTurn = pods < desired + maxSurge ? active : active.toReversed();
  const largestFirst = inTurn.toSorted((a, b) => b.spec.replicas - a.spec.replicas);
  const sized = largestFirst.map((set) => ({ ...scaleOf(set), maxReplicas: noteOfMax(set) }));
  return scaleInProportion(sized, desired, maxSurge);
}

function isSaturated(newSet: ReplicaSet | undefined, desired: number): boolean {
  if (!newSet) return false;
  return [newSet.spec.replicas, newSet.status.availableReplicas, noteOfDesired(newSet)].every((n) => n === desired);
}
