/**
 * What Farrier relies on when it moves node agents: how a DaemonSet that is updated `OnDelete` behaves, and what its
 * controller counts. It holds for the sandbox's controller and for Kubernetes' own.
 */
import { describe, expect, test } from "vitest";
import {
  type NodeAgentSet,
  nodeArmingObstacles,
  nodeStartObstacles,
  successorObstacles,
} from "../../../src/estate/node-agent.ts";
import { asKubeObject } from "../../../src/kubernetes/object.ts";
import { nodeAgentsOf } from "../../../src/rancher/node-agent-workload.ts";
import type { ContainerProgram } from "../../../src/sandbox/controllers/container-program.ts";
import { REF } from "../../../src/sandbox/controllers/workload.ts";
import { PinnedAgents } from "../../sandbox-controllers/pinned-agent.ts";
import { environment, type TestedCluster } from "../../sandbox-controllers/test-cluster.ts";

const objectsOf = (items: readonly unknown[] = []) => items.flatMap((item) => asKubeObject(item) ?? []);

const NAME = "cattle-node-agent";
const BEFORE = { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };

export interface NodeAgentClusters {
  /** A cluster with the nodes `node-1` and `node-2`. */
  start(options: { readonly programs: Readonly<Record<string, ContainerProgram>> }): Promise<TestedCluster>;
  readonly minReadySeconds: number;
}

export function nodeAgentsOnNodes({ start, minReadySeconds }: NodeAgentClusters): void {
  /** By the controller's own count, wherever it waits long enough. */
  const startObstacles = (set: NodeAgentSet, pin: string) =>
    nodeStartObstacles(set, pin, { now: new Date(8.64e15), minReadySeconds });
  async function running() {
    const agents = new PinnedAgents("present");
    const cluster = await start({ programs: { "rancher/rancher-agent": agents.program } });
    const labels = { app: "cattle-agent" };
    const env = [{ name: "CATTLE_CA_CHECKSUM", value: "present" }];
    const container = { name: "main", image: `${cluster.registry}rancher/rancher-agent:v2.11.5`, env };
    await cluster.client.create(cluster.of(REF.daemonSets), {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: NAME, namespace: cluster.namespace },
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: BEFORE,
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    });
    await agents.until(({ connected }) => connected.length === 2);
    await untilSet(cluster, "every node has its agent", (set) => startObstacles(set, "present").length === 0);
    return { agents, cluster };
  }

  const patch = (cluster: TestedCluster, spec: object) =>
    cluster.client.patch(cluster.of(REF.daemonSets), NAME, { type: "strategic", body: { spec } });

  async function seen(cluster: TestedCluster): Promise<NodeAgentSet | undefined> {
    const [sets, pods] = await Promise.all(
      [REF.daemonSets, REF.pods].map(async (ref) => (await cluster.client.list(cluster.of(ref))).items),
    );
    return nodeAgentsOf(objectsOf(sets), objectsOf(pods))[0];
  }

  /** Asked again at every change of the DaemonSet or of a pod. */
  async function untilSet(cluster: TestedCluster, what: string, fits: (set: NodeAgentSet) => boolean) {
    const { promise, resolve, reject } = Promise.withResolvers<NodeAgentSet>();
    const look = async (): Promise<void> => {
      const set = await seen(cluster);
      if (set !== undefined && fits(set)) resolve(set);
    };
    const late = setTimeout(async () => {
      reject(new Error(`not seen in time: ${what}; last seen: ${JSON.stringify(await seen(cluster))}`));
    }, cluster.patienceMs);
    const watches = [REF.daemonSets, REF.pods].map((ref) =>
      cluster.client.watch(cluster.of(ref), () => void look().catch(reject)),
    );
    return await promise.finally(() => {
      clearTimeout(late);
      for (const watch of watches) watch.close();
    });
  }

  const identities = ({ pods }: NodeAgentSet) => pods.map(({ node, uid }) => `${node} ${uid}`).toSorted();

  describe("node agents", () => {
    test("are armed, moved node by node, and updated as before, and no pod ends of itself", async () => {
      const { agents, cluster } = await running();
      await using _ = cluster;
      const first = await untilSet(cluster, "both", () => true);
      expect(first.pods.map(({ node }) => node).toSorted()).toEqual(["node-1", "node-2"]);

      const armed = { updateStrategy: { type: "OnDelete", rollingUpdate: null }, minReadySeconds };
      await patch(cluster, { ...armed, ...environment({ CATTLE_CA_CHECKSUM: "next" }) });
      const isArmed = (set: NodeAgentSet) => nodeArmingObstacles(set, "next", minReadySeconds).length === 0;
      const waiting = await untilSet(cluster, "armed", (set) => isArmed(set) && set.updated === 0);
      expect(identities(waiting)).toEqual(identities(first));

      agents.served = "next";
      for (const [turn, node] of ["node-1", "node-2"].entries()) {
        const before = await untilSet(cluster, "both available", ({ available }) => available === 2);
        const old = before.pods.find((pod) => pod.node === node);
        await cluster.deletePod(old?.name ?? "");
        const question = { pin: "next", available: 1 };
        const after = await untilSet(cluster, `${node} has a new one`, (set) => {
          return successorObstacles(set, node, question).length === 0;
        });
        expect(after.updated).toBe(turn + 1);
        const others = ({ pods }: NodeAgentSet) => pods.filter((pod) => pod.node !== node).map(({ uid }) => uid);
        expect(others(after)).toEqual(others(before));
      }
      const moved = await untilSet(cluster, "all moved", (set) => startObstacles(set, "next").length === 0);

      await patch(cluster, { updateStrategy: BEFORE, minReadySeconds: null });
      const settled = await untilSet(
        cluster,
        "updated as before",
        (set) => set.settled && set.updateStrategy.type === "RollingUpdate" && startObstacles(set, "next").length === 0,
      );
      expect(settled.updateStrategy).toEqual(BEFORE);
      expect(identities(settled)).toEqual(identities(moved));
    });

    test("whose pin is changed without OnDelete lose a node at once", async () => {
      const { agents, cluster } = await running();
      await using _ = cluster;
      await patch(cluster, environment({ CATTLE_CA_CHECKSUM: "next" }));
      await agents.until(({ starts }) => starts.some(({ pin, exitedAt }) => pin === "next" && exitedAt !== undefined));
      const lost = await untilSet(cluster, "a node without", ({ pods }) => pods.some((pod) => pod.pin === "next"));
      expect(lost.available, "by the controller's count").toBeGreaterThanOrEqual(1);
      expect(nodeStartObstacles(lost, "next", { now: cluster.clock.now(), minReadySeconds })).not.toEqual([]);
    });
  });
}
