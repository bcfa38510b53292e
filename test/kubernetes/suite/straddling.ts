/**
 * rancher.md §0b: a Deployment that straddles two pins, row by row. What it says of Deployments holds for the sandbox's
 * controllers and for Kubernetes' own; the pods are run by the sandbox's kubelet in both cases.
 */
import { describe, expect, test } from "vitest";
import type { ContainerProgram } from "../../../src/sandbox/controllers/container-program.ts";
import { REF } from "../../../src/sandbox/controllers/workload.ts";
import { PinnedAgents } from "../../sandbox-controllers/pinned-agent.ts";
import { environment, type TestedCluster } from "../../sandbox-controllers/test-cluster.ts";

const SECOND = 1_000;

export interface StraddlingClusters {
  /** @param speed how much faster than reality, where that can be chosen */
  start(options: {
    readonly programs: Readonly<Record<string, ContainerProgram>>;
    readonly speed?: number;
  }): Promise<TestedCluster>;
  /** For how long a new pod must be ready. A real controller manager takes its time, so there it is less. */
  readonly minReadySeconds: number;
  /** By how much less it may be: Kubernetes writes times in whole seconds. */
  readonly toleranceSeconds: number;
}

export function straddling(clusters: StraddlingClusters): void {
  const { minReadySeconds, toleranceSeconds } = clusters;
  const leastMs = (minReadySeconds - toleranceSeconds) * SECOND;

  async function connectedAgent(options: { readonly speed?: number } = {}) {
    const agents = new PinnedAgents("present");
    const cluster = await clusters.start({ ...options, programs: { "rancher/rancher-agent": agents.program } });
    const env = { CATTLE_CA_CHECKSUM: "present" };
    await cluster.createDeployment({ name: "agent", image: "rancher/rancher-agent:v2.15.1", env });
    await agents.until(({ connected }) => connected.length === 1);
    await cluster.untilRolledOut("agent");
    return { agents, cluster };
  }

  interface Arming {
    readonly crashes?: number;
    readonly speed?: number;
  }

  /** Arms: the next pin and `minReadySeconds` in one strategic patch; resolves when the new pod has crashed so often. */
  async function armedAgent(options: Arming = {}) {
    const { crashes = 2, speed = 50 } = options;
    const { agents, cluster } = await connectedAgent({ speed });
    const [oldPod] = await cluster.pods();
    await cluster.patchDeployment("agent", { minReadySeconds, ...environment({ CATTLE_CA_CHECKSUM: "next" }) });
    await agents.until(
      ({ starts }) => starts.filter(({ pin, exitedAt }) => pin === "next" && exitedAt).length >= crashes,
    );
    const newPod = (await cluster.pods()).find((pod) => pod.env.CATTLE_CA_CHECKSUM === "next");
    if (!oldPod || !newPod) throw new Error("the Deployment does not straddle");
    return { agents, cluster, oldPod, newPod };
  }

  async function sizes(cluster: TestedCluster) {
    return (await cluster.sets()).map(({ wanted, available }) => ({ wanted, available }));
  }

  function untilOldSetEmpty(cluster: TestedCluster) {
    return cluster.until(cluster.of(REF.replicaSets), "old ReplicaSet at 0", (sets) =>
      sets.some((set) => (set.spec as { replicas: number }).replicas === 0),
    );
  }

  describe("the next pin without minReadySeconds (rows 1 and 7)", () => {
    test("the new pod is Ready long enough for the old ReplicaSet to go to 0: the cluster is lost", async () => {
      const { agents, cluster } = await connectedAgent();
      await using _ = cluster;
      await cluster.patchDeployment("agent", environment({ CATTLE_CA_CHECKSUM: "next" }));
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
      const { agents, cluster, oldPod, newPod } = await armedAgent({ crashes: 4 });
      await using _ = cluster;
      expect(await sizes(cluster)).toEqual([
        { wanted: 1, available: 1 },
        { wanted: 1, available: 0 },
      ]);
      expect(agents.connected).toEqual(["present"]);
      expect(agents.outages).toEqual([]);
      const pods = await cluster.pods();
      expect(pods.find((pod) => pod.uid === oldPod.uid)).toMatchObject({ ready: true, restarts: 0 });
      expect(pods.find((pod) => pod.uid === newPod.uid)?.lastState.terminated).toMatchObject({ exitCode: 1 });
      expect(await cluster.deploymentCondition("agent", "Available")).toMatchObject({ status: "True" });
    });
  });

  describe("an agent restart before the bundle changes (rows 3 and 9)", () => {
    test("the old ReplicaSet makes the old pod again, with the present pin: connected within seconds", async () => {
      const { agents, cluster, oldPod } = await armedAgent({ speed: 20 });
      await using _ = cluster;
      await cluster.deletePod(oldPod.name);
      await agents.until(({ isDown }) => isDown);
      await agents.until(({ connected }) => connected.length === 1);
      expect(agents.connected).toEqual(["present"]);
      expect(agents.outages).toHaveLength(1);
      expect(Math.max(...agents.outages)).toBeLessThan(5 * SECOND);
      expect(await sizes(cluster)).toMatchObject([{ wanted: 1 }, { wanted: 1, available: 0 }]);
    });
  });

  describe("the next bundle is served (rows 4 to 6)", () => {
    test("the waiting pod's next start passes, and nothing has to be done in the cluster after the patch", async () => {
      const { agents, cluster, newPod } = await armedAgent();
      await using _ = cluster;
      agents.served = "next";
      await agents.until(({ connected }) => connected.includes("next"));
      expect(agents.startsOf(newPod.name).at(-1)?.exitedAt).toBeUndefined();
      await cluster.untilRolledOut("agent");
      expect(agents.connected).toEqual(["next"]);
      expect(agents.outages).toEqual([]);
    });

    test("the old pod deleted right after that: its successor crash-loops, the new pod serves, and after minReadySeconds the old ReplicaSet goes to 0", async () => {
      const { agents, cluster, oldPod, newPod } = await armedAgent();
      await using _ = cluster;
      agents.served = "next";
      await agents.until(({ connected }) => connected.includes("next"));
      const passed = agents.startsOf(newPod.name).at(-1);
      await cluster.deletePod(oldPod.name);
      await agents.until(({ starts }) =>
        starts.some(({ pod, pin, exitedAt }) => pod !== oldPod.name && pin === "present" && exitedAt !== undefined),
      );
      expect(agents.connected).toEqual(["next"]);
      await untilOldSetEmpty(cluster);
      expect(cluster.clock.elapsed(passed?.at ?? new Date(0))).toBeGreaterThanOrEqual(leastMs);
      expect(cluster.clock.elapsed(passed?.at ?? new Date(0))).toBeLessThan(leastMs + 30 * SECOND);
      expect(agents.outages).toEqual([]);
    });
  });

  describe("the bundle changes and the old pod goes at the same moment (row 10)", () => {
    test("the outage is bounded by the back-off that the waiting pod has reached; then it takes minReadySeconds to settle", async () => {
      const { agents, cluster, oldPod } = await armedAgent({ crashes: 3 });
      await using _ = cluster;
      agents.served = "next";
      await cluster.deletePod(oldPod.name);
      await agents.until(({ connected }) => connected.includes("next"));
      expect(agents.outages).toHaveLength(1);
      expect(Math.max(...agents.outages)).toBeLessThan(40 * SECOND);
      const passed = agents.starts.findLast(({ pin }) => pin === "next");
      await untilOldSetEmpty(cluster);
      expect(cluster.clock.elapsed(passed?.at ?? new Date(0))).toBeGreaterThanOrEqual(leastMs);
      await cluster.untilRolledOut("agent");
      expect(agents.connected).toEqual(["next"]);
    });

    test("deleting the waiting pod once the bundle is served starts it at once", async () => {
      const { agents, cluster, newPod } = await armedAgent({ crashes: 3, speed: 20 });
      await using _ = cluster;
      agents.served = "next";
      const nudged = new Date();
      await cluster.deletePod(newPod.name);
      await agents.until(({ connected }) => connected.includes("next"));
      expect(cluster.clock.elapsed(nudged)).toBeLessThan(10 * SECOND);
      expect(agents.outages).toEqual([]);
    });
  });

  describe("going back while armed", () => {
    test("the present pin set again reuses its ReplicaSet and takes the waiting pod away", async () => {
      const { agents, cluster, oldPod } = await armedAgent();
      await using _ = cluster;
      await cluster.patchDeployment("agent", environment({ CATTLE_CA_CHECKSUM: "present" }));
      await cluster.untilPods("only the old pod", (pods) => pods.length === 1);
      expect((await cluster.pods()).map((pod) => pod.uid)).toEqual([oldPod.uid]);
      expect(agents.connected).toEqual(["present"]);
      expect(await cluster.sets()).toHaveLength(2);
      expect(agents.outages).toEqual([]);
    });
  });
}
