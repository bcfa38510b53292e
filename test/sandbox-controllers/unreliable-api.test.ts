/** Controllers before an API server that is late, or that fails now and then. */
import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/sandbox/clock.ts";
import { ApiError, type ClusterClient, type ResourceRef } from "../../src/sandbox/cluster-client.ts";
import { REF } from "../../src/sandbox/controllers/workload.ts";
import { environment, inNamespace, TestCluster } from "./test-cluster.ts";

/** Everything that a watch tells comes that much later, in the same order. */
function late(client: ClusterClient, clock: Clock, delay: (ref: ResourceRef) => number): ClusterClient {
  return {
    ...forwarded(client),
    watch(ref, onEvent, selection) {
      let isOpen = true;
      // Timers of the same length may change places where the machine stalls; what a watch tells may not.
      const told: Parameters<typeof onEvent>[0][] = [];
      const deliver = () => {
        const event = told.shift();
        if (isOpen && event !== undefined) onEvent(event);
      };
      const hear: typeof onEvent = (event) => {
        told.push(event);
        clock.after(delay(ref), deliver);
      };
      const watch = client.watch(ref, hear, selection);
      return {
        close() {
          isOpen = false;
          watch.close();
        },
      };
    },
  };
}

/** Every so many-th write fails with the next of these errors, before it is done. */
function failing(client: ClusterClient, every: number): ClusterClient {
  const errors = [
    new ApiError(409, "Conflict", "the object has been modified"),
    new ApiError(429, "TooManyRequests", "try again later"),
    new ApiError(500, "InternalError", "etcd is away"),
  ];
  let writes = 0;
  async function sometimes<T>(write: () => Promise<T>): Promise<T> {
    writes += 1;
    const error = errors[(writes / every) % errors.length];
    if (writes % every === 0 && error) throw error;
    return write();
  }
  return {
    ...forwarded(client),
    create: (...call) => sometimes(() => client.create(...call)),
    update: (...call) => sometimes(() => client.update(...call)),
    patch: (...call) => sometimes(() => client.patch(...call)),
    bindPod: (...call) => sometimes(() => client.bindPod(...call)),
    delete: (...call) => sometimes(() => client.delete(...call)),
  };
}

function forwarded(client: ClusterClient): ClusterClient {
  return {
    get: client.get.bind(client),
    list: client.list.bind(client),
    create: client.create.bind(client),
    update: client.update.bind(client),
    patch: client.patch.bind(client),
    bindPod: client.bindPod.bind(client),
    delete: client.delete.bind(client),
    watch: client.watch.bind(client),
  };
}

describe("a watch that is late", () => {
  test("makes no pod twice and takes none too many", async () => {
    await using cluster = await TestCluster.start({ wrap: (client, clock) => late(client, clock, () => 500) });
    const made = new Set<string>();
    const watch = cluster.client.watch(inNamespace(REF.pods), ({ object }) => made.add(object.metadata.name));
    await cluster.createDeployment({ name: "rancher", replicas: 3 });
    await cluster.untilRolledOut("rancher");
    expect(made.size).toBe(3);
    await cluster.patchDeployment("rancher", { replicas: 1 });
    await cluster.untilPods("one pod", (pods) => pods.length === 1);
    await cluster.untilRolledOut("rancher");
    await cluster.patchDeployment("rancher", environment({ PIN: "next" }));
    await cluster.untilPods("the new pod alone", (pods) => pods.length === 1 && pods[0]?.env.PIN === "next");
    watch.close();
    expect(made.size).toBe(4);
  });

  test("does not make controllers that start act on the half that they have seen", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "rancher", replicas: 2 });
    await cluster.untilRolledOut("rancher");
    await cluster.controllers.stop();
    const made = new Set<string>();
    const watch = cluster.client.watch(inNamespace(REF.pods), ({ object }) => made.add(object.metadata.name));
    const podsLast = (ref: ResourceRef) => (ref.resource === "pods" ? 5_000 : 500);
    await using successor = await TestCluster.over(cluster, { wrap: (client, clock) => late(client, clock, podsLast) });
    await successor.patchDeployment("rancher", { replicas: 3 });
    await successor.untilRolledOut("rancher");
    watch.close();
    expect(made.size).toBe(3);
  });
});

describe("an API server that fails now and then", () => {
  test.each([{ every: 2 }, { every: 3 }])(
    "at every write number $every: the work is done nevertheless",
    async ({ every }) => {
      await using cluster = await TestCluster.start();
      await cluster.controllers.stop();
      await using unreliable = await TestCluster.over(cluster, { wrap: (client) => failing(client, every) });
      await unreliable.createDeployment({ name: "rancher", replicas: 3 });
      await unreliable.untilRolledOut("rancher");
      await unreliable.patchDeployment("rancher", environment({ PIN: "next" }));
      await unreliable.untilRolledOut("rancher");
      const pods = await unreliable.untilPods("new pods only", (each) => each.length === 3);
      expect(pods).toHaveLength(3);
      expect((await unreliable.pods()).map((pod) => pod.env.PIN)).toEqual(["next", "next", "next"]);
      expect(await unreliable.sets()).toMatchObject([{ wanted: 0 }, { wanted: 3, available: 3 }]);
    },
  );
});
