/**
 * Property: whatever people do to a Deployment, its controllers never take away an available pod when that would leave
 * fewer available ones than its strategy allows. What people kill themselves is not held against the controllers.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../../src/sandbox/clock.ts";
import type { ClusterClient, KubeObject } from "../../src/sandbox/cluster-client.ts";
import type { ContainerProgram } from "../../src/sandbox/controllers/container-program.ts";
import { REF } from "../../src/sandbox/controllers/workload.ts";
import { environment, inNamespace, podView, TestCluster } from "./test-cluster.ts";

const MIN_READY_SECONDS = 10;
const SPEED = 400;
/** Milliseconds of sandbox time: five of the wall's. */
const DOUBT = 5 * SPEED;

interface Strategy {
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

type Action =
  | { readonly kind: "template"; readonly version: number; readonly healthy: boolean }
  | { readonly kind: "kill"; readonly which: number }
  | { readonly kind: "settle" };

const strategies = fc
  .record({ replicas: fc.integer({ min: 1, max: 4 }), maxSurge: fc.nat(2), maxUnavailable: fc.nat(2) })
  .filter(({ replicas, maxSurge, maxUnavailable }) => maxSurge + maxUnavailable > 0 && maxUnavailable <= replicas);

const actions = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("template" as const), version: fc.nat(3), healthy: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("kill" as const), which: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.constant({ kind: "settle" as const }) },
  ),
  { minLength: 1, maxLength: 6 },
);

/** A program of an unhealthy template exits after 2 s: long before its pod could be available. */
const program: ContainerProgram = {
  start({ env, clock }) {
    const { promise, resolve } = Promise.withResolvers<number>();
    const failing = env.HEALTHY === "false" ? clock.after(2_000, () => resolve(1)) : undefined;
    const stop = () => {
      failing?.cancel();
      resolve(143);
    };
    return { exited: promise, stop, ready: () => true };
  },
};

/** Stands between the controllers and the cluster, and judges each pod that they take away. */
class Judge {
  readonly takenTooEarly: string[] = [];
  /** Kills that may still be on their way to the controllers. */
  kills = 0;
  taken = 0;
  readonly #readySince = new Map<string, Date>();
  readonly #strategy: Strategy;
  readonly #pods = new Map<string, KubeObject>();
  /** Names of the pods that were taken, whether or not the cluster shows it yet. */
  readonly #given = new Set<string>();

  constructor(strategy: Strategy) {
    this.#strategy = strategy;
  }

  readonly wrap = (client: ClusterClient, clock: Clock): ClusterClient => {
    client.watch(inNamespace(REF.pods), ({ type, object }) => {
      const { uid = "" } = object.metadata;
      if (type === "DELETED") this.#pods.delete(uid);
      else this.#pods.set(uid, object);
      if (!podView(object).ready) this.#readySince.delete(uid);
      else if (!this.#readySince.has(uid)) this.#readySince.set(uid, clock.now());
    });
    return {
      get: client.get.bind(client),
      list: client.list.bind(client),
      create: client.create.bind(client),
      update: client.update.bind(client),
      patch: client.patch.bind(client),
      bindPod: client.bindPod.bind(client),
      watch: client.watch.bind(client),
      delete: (ref, name, options) => {
        const isKubelet = options?.gracePeriodSeconds === 0;
        if (ref.resource === "pods" && !isKubelet) this.#judge(name, clock);
        return client.delete(ref, name, options);
      },
    };
  };

  #judge(name: string, clock: Clock): void {
    const pods = [...this.#pods.values()];
    // The controllers may have seen a pod become ready a moment before or after this watch did: a pod counts as taken
    // only if it was available beyond doubt, and as left if it may have been.
    const taken = pods.find((pod) => pod.metadata.name === name);
    if (!taken || !this.#isAvailable(taken, clock, DOUBT)) return;
    this.taken += 1;
    this.#given.add(name);
    const left = pods.filter((pod) => this.#isAvailable(pod, clock, -DOUBT)).length;
    const { replicas, maxUnavailable } = this.#strategy;
    if (left + this.kills < replicas - maxUnavailable) {
      this.takenTooEarly.push(`${name} taken with ${left} available pods left`);
    }
  }

  #isAvailable(pod: KubeObject, clock: Clock, doubt: number): boolean {
    const since = this.#readySince.get(pod.metadata.uid ?? "");
    const isLeaving = this.#given.has(pod.metadata.name) || pod.metadata.deletionTimestamp !== undefined;
    return since !== undefined && !isLeaving && clock.elapsed(since) >= MIN_READY_SECONDS * 1_000 + doubt;
  }
}

async function act(cluster: TestCluster, judge: Judge, action: Action): Promise<void> {
  switch (action.kind) {
    case "template": {
      const { version, healthy } = action;
      await cluster.patchDeployment("agent", environment({ VERSION: String(version), HEALTHY: String(healthy) }));
      return;
    }
    case "kill": {
      const pods = await cluster.pods();
      const victim = pods[action.which % Math.max(1, pods.length)];
      if (!victim || victim.isTerminating) return;
      judge.kills += 1;
      await cluster.deletePod(victim.name);
      return;
    }
    case "settle":
      await cluster.patchDeployment("agent", environment({ VERSION: "settled", HEALTHY: "true" }));
      await cluster.untilRolledOut("agent");
      judge.kills = 0;
      return;
  }
}

test("controllers never take an available pod away below what the strategy allows", async () => {
  let taken = 0;
  const run = async (strategy: Strategy, steps: readonly Action[]) => {
    const judge = new Judge(strategy);
    await using cluster = await TestCluster.start({ speed: SPEED, programs: { agent: program }, wrap: judge.wrap });
    const { replicas, ...rollingUpdate } = strategy;
    const spec = { minReadySeconds: MIN_READY_SECONDS, strategy: { type: "RollingUpdate", rollingUpdate } };
    await cluster.createDeployment({ name: "agent", image: "agent:1", replicas, env: { HEALTHY: "true" }, spec });
    await cluster.untilRolledOut("agent");
    for (const step of steps) await act(cluster, judge, step);
    await act(cluster, judge, { kind: "settle" });
    taken += judge.taken;
    expect(judge.takenTooEarly).toEqual([]);
  };
  await fc.assert(fc.asyncProperty(strategies, actions, run), { numRuns: 60 });
  // If nothing had ever been taken, nothing would have been judged.
  expect(taken).toBeGreaterThan(20);
});
