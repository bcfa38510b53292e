/** Rollouts of Deployments as Kubernetes' own controllers make them. */
import { describe, expect, test } from "vitest";
import type { ContainerProgram } from "../../src/sandbox/controllers/container-program.ts";
import { REF } from "../../src/sandbox/controllers/workload.ts";
import { environment, inNamespace, restartedAt, TestCluster } from "./test-cluster.ts";

/** Follows the pods of a cluster: the most that were wanted at once, the fewest that were ready. */
function watchPods(cluster: TestCluster) {
  const pods = new Map<string, { ready: boolean; leaving: boolean }>();
  const seen = { most: 0, fewestReady: Number.POSITIVE_INFINITY };
  const watch = cluster.client.watch(inNamespace(REF.pods), ({ type, object }) => {
    const { uid = "", deletionTimestamp } = object.metadata;
    const ready = JSON.stringify(object.status).includes('"type":"Ready","status":"True"');
    if (type === "DELETED") pods.delete(uid);
    else pods.set(uid, { ready, leaving: deletionTimestamp !== undefined });
    const staying = [...pods.values()].filter((pod) => !pod.leaving);
    seen.most = Math.max(seen.most, staying.length);
    seen.fewestReady = Math.min(seen.fewestReady, staying.filter((pod) => pod.ready).length);
  });
  return { seen, close: () => watch.close() };
}

describe("kubectl rollout restart", () => {
  test.each([
    { replicas: 1, maxSurge: 1, maxUnavailable: 0, most: 2, fewest: 1 },
    { replicas: 2, maxSurge: 1, maxUnavailable: 0, most: 3, fewest: 2 },
    { replicas: 3, maxSurge: 1, maxUnavailable: 0, most: 4, fewest: 3 },
    { replicas: 3, maxSurge: "25%", maxUnavailable: "25%", most: 4, fewest: 3 },
    { replicas: 3, maxSurge: 0, maxUnavailable: 1, most: 3, fewest: 2 },
    { replicas: 3, maxSurge: "100%", maxUnavailable: 0, most: 6, fewest: 3 },
  ])(
    "$replicas replicas, surge $maxSurge, unavailable $maxUnavailable: between $fewest and $most pods",
    async (row) => {
      await using cluster = await TestCluster.start();
      const { replicas, maxSurge, maxUnavailable } = row;
      const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } };
      await cluster.createDeployment({ name: "rancher", replicas, spec: { strategy } });
      await cluster.untilRolledOut("rancher");
      const before = await cluster.pods();
      const { seen, close } = watchPods(cluster);
      await cluster.untilPods("all pods there", (pods) => pods.length === replicas);
      seen.fewestReady = replicas;
      await cluster.patchDeployment("rancher", restartedAt("2026-11-23T08:00:00Z"));
      await cluster.untilRolledOut("rancher");
      close();
      const after = await cluster.untilPods("old pods gone", (pods) => pods.length === replicas);
      expect(after.map(({ metadata }) => metadata.uid)).not.toContainEqual(before[0]?.uid);
      expect(seen).toEqual({ most: row.most, fewestReady: row.fewest });
    },
  );

  test("a pod is available only after minReadySeconds", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "rancher", spec: { minReadySeconds: 20 } });
    const created = new Date();
    await cluster.untilPods("a ready pod", (pods) => pods.some((pod) => pod.ready));
    expect(await cluster.sets()).toMatchObject([{ wanted: 1, available: 0 }]);
    await cluster.untilRolledOut("rancher");
    expect(cluster.clock.elapsed(created)).toBeGreaterThan(19_000);
  });

  test("kubectl reads it as rolled out: generation observed, conditions as Kubernetes words them", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "rancher" });
    const stored = await cluster.untilRolledOut("rancher");
    await cluster.until(inNamespace(REF.deployments), "progress reported", (deployments) =>
      JSON.stringify(deployments).includes("NewReplicaSetAvailable"),
    );
    expect(stored.metadata.annotations).toMatchObject({ "deployment.kubernetes.io/revision": "1" });
    expect(await cluster.deploymentCondition("rancher", "Available")).toMatchObject({
      status: "True",
      reason: "MinimumReplicasAvailable",
    });
    const [set] = await cluster.sets();
    expect(await cluster.deploymentCondition("rancher", "Progressing")).toMatchObject({
      status: "True",
      reason: "NewReplicaSetAvailable",
      message: `ReplicaSet "${set?.name}" has successfully progressed.`,
    });
  });
});

describe("what does not make a rollout", () => {
  test("a change of minReadySeconds alone: the pod stays, and stays available", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "agent" });
    await cluster.untilRolledOut("agent");
    const [before] = await cluster.pods();
    // Once the witness is available, the agent has been ready for longer than the 30 s that are asked for below.
    await cluster.createDeployment({ name: "witness", spec: { minReadySeconds: 31 } });
    await cluster.untilRolledOut("witness");
    const availability: number[] = [];
    const [mine] = (await cluster.sets()).filter(({ name }) => name.startsWith("agent-"));
    const watch = cluster.client.watch(inNamespace(REF.replicaSets), ({ object }) => {
      if (object.metadata.name !== mine?.name) return;
      availability.push((object.status as { availableReplicas?: number }).availableReplicas ?? 0);
    });
    await cluster.patchDeployment("agent", { minReadySeconds: 30 });
    const patched = new Date();
    await cluster.until(inNamespace(REF.replicaSets), "minReadySeconds passed on", (sets) =>
      sets.some((set) => set.metadata.name === mine?.name && JSON.stringify(set.spec).includes('"minReadySeconds":30')),
    );
    await cluster.untilRolledOut("agent");
    watch.close();
    expect(cluster.clock.elapsed(patched)).toBeLessThan(25_000);
    expect(availability).not.toContain(0);
    const pods = (await cluster.pods()).filter((pod) => pod.set === mine?.name);
    expect(pods.map((pod) => pod.uid)).toEqual([before?.uid]);
    expect(await cluster.sets()).toHaveLength(2);
  });

  test("a template that is changed while the Deployment is paused, until it is resumed", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "agent" });
    await cluster.untilRolledOut("agent");
    await cluster.patchDeployment("agent", { paused: true, ...environment({ PIN: "b" }) });
    await cluster.until(inNamespace(REF.deployments), "paused", ([deployment]) =>
      JSON.stringify(deployment?.status).includes("DeploymentPaused"),
    );
    expect(await cluster.sets()).toHaveLength(1);
    await cluster.patchDeployment("agent", { paused: false });
    await cluster.untilPods("the new pod alone", (pods) => pods.length === 1 && pods[0]?.env.PIN === "b");
    expect(await cluster.sets()).toMatchObject([{ wanted: 0 }, { wanted: 1 }]);
  });
});

describe("Recreate", () => {
  test("never runs an old pod and a new one at the same time", async () => {
    const running = new Set<string>();
    const mixtures: string[][] = [];
    const program: ContainerProgram = {
      start({ env, clock }) {
        const { promise, resolve } = Promise.withResolvers<number>();
        const version = env.VERSION ?? "";
        running.add(version);
        if (running.size > 1) mixtures.push([...running]);
        const stop = () =>
          clock.after(2_000, () => {
            running.delete(version);
            resolve(0);
          });
        return { exited: promise, stop, ready: () => true };
      },
    };
    await using cluster = await TestCluster.start({ programs: { versioned: program } });
    const spec = { strategy: { type: "Recreate", rollingUpdate: null } };
    await cluster.createDeployment({ name: "old-style", image: "versioned:1", env: { VERSION: "1" }, spec });
    await cluster.untilRolledOut("old-style");
    await cluster.patchDeployment("old-style", environment({ VERSION: "2" }));
    await cluster.untilRolledOut("old-style");
    expect([...running]).toEqual(["2"]);
    expect(mixtures).toEqual([]);
    expect(await cluster.sets()).toMatchObject([{ wanted: 0 }, { wanted: 1 }]);
  });
});

describe("history", () => {
  test("going back to an earlier template reuses its ReplicaSet under a new revision", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "agent", env: { PIN: "a" } });
    await cluster.untilRolledOut("agent");
    const [first] = await cluster.sets();
    for (const pin of ["b", "a"]) {
      await cluster.patchDeployment("agent", environment({ PIN: pin }));
      await cluster.untilPods(`only pin ${pin}`, (pods) => pods.length === 1 && pods[0]?.env.PIN === pin);
    }
    const sets = await cluster.sets();
    expect(sets.map(({ revision, wanted }) => ({ revision, wanted }))).toEqual([
      { revision: 2, wanted: 0 },
      { revision: 3, wanted: 1 },
    ]);
    expect(sets[1]?.name).toBe(first?.name);
    expect(sets[1]?.object.metadata.annotations).toMatchObject({ "deployment.kubernetes.io/revision-history": "1" });
    const stored = await cluster.until(inNamespace(REF.deployments), "revision 3", ([deployment]) =>
      JSON.stringify(deployment?.metadata.annotations).includes('"deployment.kubernetes.io/revision":"3"'),
    );
    expect(stored).toHaveLength(1);
  });

  test("old ReplicaSets beyond revisionHistoryLimit are removed, the oldest first", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "agent", env: { PIN: "a" }, spec: { revisionHistoryLimit: 1 } });
    for (const pin of ["b", "c", "d"]) {
      await cluster.untilRolledOut("agent");
      await cluster.patchDeployment("agent", environment({ PIN: pin }));
      await cluster.untilPods(`only pin ${pin}`, (pods) => pods.length === 1 && pods[0]?.env.PIN === pin);
    }
    await cluster.until(inNamespace(REF.replicaSets), "two ReplicaSets", (sets) => sets.length === 2);
    expect((await cluster.sets()).map(({ revision }) => revision)).toEqual([3, 4]);
  });

  test("a Deployment deleted and made anew at once gets its own ReplicaSet and pod", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "agent" });
    await cluster.untilRolledOut("agent");
    const [before] = await cluster.pods();
    await cluster.client.delete(inNamespace(REF.deployments), "agent");
    await cluster.createDeployment({ name: "agent" });
    await cluster.untilRolledOut("agent");
    const pods = await cluster.untilPods("one pod", (each) => each.length === 1);
    expect(pods[0]?.metadata.uid).not.toBe(before?.uid);
  });
});

describe("a rollout that does not move", () => {
  test("exceeds its deadline, and recovers when it can go on", async () => {
    let isThere = false;
    await using cluster = await TestCluster.start({ unpullable: (image) => image === "late" && !isThere });
    await cluster.createDeployment({ name: "agent", spec: { progressDeadlineSeconds: 15 } });
    await cluster.untilRolledOut("agent");
    const patched = new Date();
    await cluster.patchDeployment("agent", { template: { spec: { containers: [{ name: "main", image: "late" }] } } });
    await cluster.until(inNamespace(REF.deployments), "deadline exceeded", ([deployment]) =>
      JSON.stringify(deployment?.status).includes('"reason":"ProgressDeadlineExceeded"'),
    );
    expect(cluster.clock.elapsed(patched)).toBeGreaterThanOrEqual(14_900);
    expect(await cluster.deploymentCondition("agent", "Available")).toMatchObject({ status: "True" });
    isThere = true;
    await cluster.until(inNamespace(REF.deployments), "progress", ([deployment]) =>
      JSON.stringify(deployment?.status).includes('"reason":"NewReplicaSetAvailable"'),
    );
    expect(await cluster.pods()).toMatchObject([{ ready: true }]);
  });
});

describe("scaling", () => {
  test.each([
    { from: 1, to: 4 },
    { from: 4, to: 1 },
    { from: 2, to: 0 },
  ])("from $from to $to keeps the ReplicaSet", async ({ from, to }) => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "rancher", replicas: from });
    await cluster.untilRolledOut("rancher");
    await cluster.patchDeployment("rancher", { replicas: to });
    await cluster.untilPods(`${to} ready pods`, (pods) => pods.length === to && pods.every((pod) => pod.ready));
    expect(await cluster.sets()).toMatchObject([{ wanted: to }]);
  });

  test("in the middle of a stuck rollout both ReplicaSets grow", async () => {
    await using cluster = await TestCluster.start({ unpullable: (image) => image === "never" });
    await cluster.createDeployment({ name: "rancher", replicas: 2 });
    await cluster.untilRolledOut("rancher");
    await cluster.patchDeployment("rancher", {
      template: { spec: { containers: [{ name: "main", image: "never" }] } },
    });
    await cluster.untilPods("the surge", (pods) => pods.length === 3);
    await cluster.patchDeployment("rancher", { replicas: 5 });
    await cluster.untilPods("five and the surge", (pods) => pods.length === 6);
    const ready = await cluster.untilPods("old pods ready", (pods) => pods.filter((pod) => pod.ready).length === 4);
    expect(ready).toHaveLength(6);
    expect(await cluster.sets()).toMatchObject([{ wanted: 4 }, { wanted: 2 }]);
  });

  test("a pod that somebody deletes is made again", async () => {
    await using cluster = await TestCluster.start();
    await cluster.createDeployment({ name: "rancher", replicas: 2 });
    await cluster.untilRolledOut("rancher");
    const [first, second] = await cluster.pods();
    await cluster.deletePod(first?.name ?? "");
    await cluster.untilPods("another in its place", (pods) => {
      const uids = pods.map((pod) => pod.uid);
      return pods.length === 2 && !uids.includes(first?.uid ?? "") && pods.every((pod) => pod.ready);
    });
    expect((await cluster.pods()).map((pod) => pod.uid)).toContain(second?.uid);
  });
});
