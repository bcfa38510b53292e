/**
 * rancher.md §0b: a Deployment that straddles two pins, row by row. What it says of Deployments holds for the sandbox's
 * controllers and for Kubernetes' own; the pods are run by the sandbox's kubelet, or by a real one.
 */
import { describe, expect, test } from "vitest";
import { REF } from "../../../src/sandbox/controllers/workload.ts";
import type { AgentRecord } from "../../sandbox-controllers/agent-record.ts";
import { type DeploymentOptions, environment, type TestedCluster } from "../../sandbox-controllers/test-cluster.ts";

const SECOND = 1_000;

/** A cluster for one test, what its agents do, and their Deployment as it is while they have the present pin. */
export interface Straddled {
  readonly cluster: TestedCluster;
  /** `served` is the pin of the bundle that is served now. */
  readonly agents: AgentRecord & { served: string };
  readonly pins: { readonly present: string; readonly next: string };
  readonly deployment: Omit<DeploymentOptions, "name">;
}

export interface StraddlingClusters {
  /** The present bundle is served. @param options.speed how much faster than reality, where that can be chosen */
  start(options: { readonly speed?: number }): Promise<Straddled>;
  /** For how long a new pod must be ready. A real controller manager takes its time, so there it is less. */
  readonly minReadySeconds: number;
  /**
   * In how many seconds after the end of another one a pod is connected, at most: on a busy machine, and less than half of
   * the back-off that a waiting pod has reached.
   */
  readonly startSeconds: number;
  /** How many failed starts are waited for where there is to be a back-off, and how many seconds that is by then. */
  readonly backOff: { readonly starts: number; readonly seconds: number };
}

export function straddling(clusters: StraddlingClusters): void {
  const { minReadySeconds, startSeconds, backOff } = clusters;
  const leastMs = minReadySeconds * SECOND;

  async function connectedAgent(options: { readonly speed?: number } = {}) {
    const { deployment, ...rest } = await clusters.start(options);
    const { agents, cluster } = rest;
    await cluster.createDeployment({ name: "agent", ...deployment });
    await agents.until(({ connected }) => connected.length === 1);
    await cluster.untilRolledOut("agent");
    return rest;
  }

  interface Arming {
    readonly crashes?: number;
    readonly speed?: number;
  }

  /** Arms: the next pin and `minReadySeconds` in one strategic patch; resolves when the new pod has crashed so often. */
  async function armedAgent(options: Arming = {}) {
    const { crashes = 2, speed = 50 } = options;
    const { agents, cluster, pins } = await connectedAgent({ speed });
    const { next } = pins;
    const [oldPod] = await cluster.pods();
    await cluster.patchDeployment("agent", { minReadySeconds, ...environment({ CATTLE_CA_CHECKSUM: next }) });
    await agents.until(
      ({ starts }) => starts.filter(({ pin, exitedAt }) => pin === next && exitedAt).length >= crashes,
    );
    const newPod = (await cluster.pods()).find((pod) => pod.env.CATTLE_CA_CHECKSUM === next);
    if (!oldPod || !newPod) throw new Error("the Deployment does not straddle");
    return { agents, cluster, pins, oldPod, newPod };
  }

  async function sizes(cluster: TestedCluster) {
    return (await cluster.sets()).map(({ wanted, available }) => ({ wanted, available }));
  }

  /**
   * When the pod that is ready now started, as its status says: in whole seconds, so that it is never too late. What
   * is noticed of a start comes late on a busy machine.
   */
  async function runningSince(cluster: TestedCluster, name: string): Promise<Date> {
    const ready = (pods: Awaited<ReturnType<TestedCluster["pods"]>>) =>
      pods.find((pod) => pod.name === name && pod.ready);
    await cluster.untilPods(`${name} ready`, (pods) => ready(pods) !== undefined);
    const startedAt = ready(await cluster.pods())?.state.running?.startedAt;
    if (startedAt === undefined) throw new Error(`${name} does not run any more`);
    return new Date(startedAt);
  }

  function untilOldSetEmpty(cluster: TestedCluster) {
    return cluster.until(cluster.of(REF.replicaSets), "old ReplicaSet at 0", (sets) =>
      sets.some((set) => (set.spec as { replicas: number }).replicas === 0),
    );
  }

  describe("the next pin without minReadySeconds (rows 1 and 7)", () => {
    test("the new pod is Ready long enough for the old ReplicaSet to go to 0: the cluster is lost", async () => {
      const { agents, pins, cluster } = await connectedAgent();
      await using _ = cluster;
      await cluster.patchDeployment("agent", environment({ CATTLE_CA_CHECKSUM: pins.next }));
      await untilOldSetEmpty(cluster);
      await cluster.untilPods("only a crash-looping pod", (pods) =>
        pods.every((pod) => pod.state.waiting?.reason === "CrashLoopBackOff"),
      );
      expect(agents.isDown).toBe(true);
      expect(await sizes(cluster)).toMatchObject([{ wanted: 0 }, { wanted: 1 }]);
    });
  });

  describe("the next pin with minReadySeconds in one patch (rows 2 and 8)", () => {
    test("the old pod stays connected, the new one crash-loops and is never available, both ReplicaSets stay at 1", async () => {
      const { agents, pins, cluster, oldPod, newPod } = await armedAgent({ crashes: backOff.starts + 1 });
      await using _ = cluster;
      expect(await sizes(cluster)).toEqual([
        { wanted: 1, available: 1 },
        { wanted: 1, available: 0 },
      ]);
      expect(agents.connected).toEqual([pins.present]);
      expect(agents.outages).toEqual([]);
      const pods = await cluster.pods();
      expect(pods.find((pod) => pod.uid === oldPod.uid)).toMatchObject({ ready: true, restarts: 0 });
      expect(pods.find((pod) => pod.uid === newPod.uid)?.lastState.terminated).toMatchObject({ exitCode: 1 });
      expect(await cluster.deploymentCondition("agent", "Available")).toMatchObject({ status: "True" });
    });
  });

  describe("an agent restart before the bundle changes (rows 3 and 9)", () => {
    test("the old ReplicaSet makes the old pod again, with the present pin: connected within seconds", async () => {
      const { agents, pins, cluster, oldPod } = await armedAgent({ speed: 20 });
      await using _ = cluster;
      await cluster.deletePod(oldPod.name);
      await agents.until(({ isDown }) => isDown);
      await agents.until(({ connected }) => connected.length === 1);
      expect(agents.connected).toEqual([pins.present]);
      expect(agents.outages).toHaveLength(1);
      expect(Math.max(...agents.outages)).toBeLessThan(startSeconds * SECOND);
      expect(await sizes(cluster)).toMatchObject([{ wanted: 1 }, { wanted: 1, available: 0 }]);
    });
  });

  describe("the next bundle is served (rows 4 to 6)", () => {
    test("the waiting pod's next start passes, and nothing has to be done in the cluster after the patch", async () => {
      const { agents, pins, cluster, newPod } = await armedAgent();
      await using _ = cluster;
      agents.served = pins.next;
      await agents.until(({ connected }) => connected.includes(pins.next));
      expect(agents.startsOf(newPod.name).at(-1)?.exitedAt).toBeUndefined();
      await cluster.untilRolledOut("agent");
      // The old pod may be on its way out still.
      await agents.until(({ connected }) => connected.length === 1);
      expect(agents.connected).toEqual([pins.next]);
      expect(agents.outages).toEqual([]);
    });

    test("the old pod deleted right after that: its successor crash-loops, the new pod serves, and after minReadySeconds the old ReplicaSet goes to 0", async () => {
      const { agents, pins, cluster, oldPod, newPod } = await armedAgent({ speed: 20 });
      await using _ = cluster;
      agents.served = pins.next;
      await agents.until(({ connected }) => connected.includes(pins.next));
      const since = await runningSince(cluster, newPod.name);
      await cluster.deletePod(oldPod.name);
      await agents.until(({ starts }) =>
        starts.some(({ pod, pin, exitedAt }) => pod !== oldPod.name && pin === pins.present && exitedAt !== undefined),
      );
      expect(agents.connected).toEqual([pins.next]);
      await untilOldSetEmpty(cluster);
      expect(cluster.clock.elapsed(since)).toBeGreaterThanOrEqual(leastMs);
      expect(cluster.clock.elapsed(since)).toBeLessThan(leastMs + 60 * SECOND);
      expect(agents.outages).toEqual([]);
    });
  });

  describe("the bundle changes and the old pod goes at the same moment (row 10)", () => {
    test("the outage is bounded by the back-off that the waiting pod has reached; then it takes minReadySeconds to settle", async () => {
      const { agents, pins, cluster, oldPod, newPod } = await armedAgent({ crashes: backOff.starts });
      await using _ = cluster;
      agents.served = pins.next;
      await cluster.deletePod(oldPod.name);
      await agents.until(({ connected }) => connected.includes(pins.next));
      expect(agents.outages).toHaveLength(1);
      expect(Math.max(...agents.outages)).toBeLessThan(backOff.seconds * SECOND);
      const since = await runningSince(cluster, newPod.name);
      await untilOldSetEmpty(cluster);
      expect(cluster.clock.elapsed(since)).toBeGreaterThanOrEqual(leastMs);
      await cluster.untilRolledOut("agent");
      expect(agents.connected).toEqual([pins.next]);
    });

    test("deleting the waiting pod once the bundle is served starts it at once", async () => {
      const { agents, pins, cluster, newPod } = await armedAgent({ crashes: backOff.starts, speed: 20 });
      await using _ = cluster;
      agents.served = pins.next;
      const nudged = new Date();
      await cluster.deletePod(newPod.name);
      await agents.until(({ connected }) => connected.includes(pins.next));
      expect(cluster.clock.elapsed(nudged)).toBeLessThan(2 * startSeconds * SECOND);
      expect(agents.outages).toEqual([]);
    });
  });

  describe("going back while armed", () => {
    test("the present pin set again reuses its ReplicaSet and takes the waiting pod away", async () => {
      const { agents, pins, cluster, oldPod } = await armedAgent();
      await using _ = cluster;
      await cluster.patchDeployment("agent", environment({ CATTLE_CA_CHECKSUM: pins.present }));
      await cluster.untilPods("only the old pod", (pods) => pods.length === 1);
      expect((await cluster.pods()).map((pod) => pod.uid)).toEqual([oldPod.uid]);
      expect(agents.connected).toEqual([pins.present]);
      expect(await cluster.sets()).toHaveLength(2);
      expect(agents.outages).toEqual([]);
    });
  });
}
