/** rancher.md §0b on the sandbox's own controllers, and the back-off of its kubelet while a pod waits. */
import { describe, expect, test } from "vitest";
import { REF } from "../../src/sandbox/controllers/workload.ts";
import { straddling } from "../kubernetes/suite/straddling.ts";
import { PinnedAgents, pinned } from "./pinned-agent.ts";
import { inNamespace, TestCluster } from "./test-cluster.ts";

const SECOND = 1_000;

straddling({
  start: (options) => pinned((programs) => TestCluster.start({ ...options, programs })),
  minReadySeconds: 30,
  startSeconds: 18,
  backOff: { starts: 3, seconds: 40 },
});

/** An agent with another pin than what is served, that has failed so often. */
async function failingAgent(crashes: number) {
  const agents = new PinnedAgents("present");
  const cluster = await TestCluster.start({ programs: { "rancher/rancher-agent": agents.program } });
  const env = { CATTLE_CA_CHECKSUM: "next" };
  await cluster.createDeployment({ name: "agent", image: "rancher/rancher-agent:v2.15.1", env });
  await agents.until(({ starts }) => starts.filter(({ exitedAt }) => exitedAt).length >= crashes);
  const [newPod] = await cluster.pods();
  if (!newPod) throw new Error("there is no pod");
  return { agents, cluster, newPod };
}

describe("a pod that waits for its bundle", () => {
  test("restarts after 1, 10, 20, 40 s", async () => {
    const { agents, cluster, newPod } = await failingAgent(5);
    await using _ = cluster;
    const starts = agents.startsOf(newPod.name);
    const waits = starts.slice(1).map((start, index) => {
      const exitedAt = starts[index]?.exitedAt ?? start.at;
      return (cluster.clock.elapsed(exitedAt) - cluster.clock.elapsed(start.at)) / SECOND;
    });
    const bounds = [
      [0.9, 9],
      [9.9, 19],
      [19.9, 39],
      [39.9, 79],
    ] as const;
    for (const [index, [least, most]] of bounds.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least);
      expect(waits[index]).toBeLessThan(most);
    }
  });

  test("shows as CrashLoopBackOff with the back-off reached", async () => {
    const { cluster, newPod } = await failingAgent(3);
    await using _ = cluster;
    const [object] = await cluster.until(inNamespace(REF.pods), "a back-off of 20 s", (pods) =>
      pods.some((pod) => JSON.stringify(pod).includes("back-off 20s restarting failed container=main")),
    );
    expect(object).toBeDefined();
    const { items } = await cluster.client.list(inNamespace(REF.events));
    const mine = items.filter((event) => JSON.stringify(event.involvedObject).includes(newPod.uid));
    expect(mine.map((event) => event.reason)).toContain("BackOff");
  });
});
