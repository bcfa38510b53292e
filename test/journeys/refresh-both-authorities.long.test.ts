/** Rancher's CA and a cluster's own CA have both changed: which comes first is said, and done. */
import { afterEach, describe, expect, test } from "vitest";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import { heldByRancher, kubeconfigFlags, readiness, renewCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { agentPods, ask, condition, must, pinFor, serveBundle, writeSecret } from "../sandbox/estate.ts";

const LONG = 5 * 60_000;

let journey: Journey;

async function start(scenario: ScenarioInput = {}): Promise<SandboxCluster> {
  journey = await startJourney({ clusters: 1, speed: 100, ...scenario });
  return must(journey.sandbox.clusters[0]);
}

afterEach(() => journey.stop());

async function expectWorking(cluster: SandboxCluster): Promise<void> {
  const { sandbox } = journey;
  const [held, tokens] = [await heldByRancher(sandbox, cluster), await tokensIn(cluster)];
  expect(tokens.map(({ token }) => token)).toEqual([held.token]);
  expect(cluster.kubeconfig).toContain(Buffer.from(held.ca).toString("base64"));
  expect(await readiness(sandbox, cluster)).toBe("True");
  expect((await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`)).status).toBe(200);
}

describe("Rancher's was changed by a flag day that the agent missed", () => {
  test(
    "the agent gets the present pin first, and then a token and a report of its own cluster's CA",
    async () => {
      const cluster = await start();
      const { sandbox, folder, farrier, authority, target } = journey;
      const [old] = await agentPods(cluster);
      await renewCluster(sandbox, cluster, { ca: true, agent: "stays" });
      await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": target.certificate, "tls.key": target.key });
      await serveBundle(sandbox, authority.bundle);
      await sandbox.waitUntil(async () => (await condition(sandbox, cluster.id, "Connected")).status === "False");
      const pin = pinFor(authority.bundle.trim());
      expect(must(old).pin).not.toBe(pin);

      const flags = await kubeconfigFlags(folder, cluster);
      const planned = await farrier("refresh", cluster.name, ...flags, "--plan", "-o", "json");
      expect(planned.code, planned.stderr).toBe(0);
      const plan = json(planned.stdout);
      expect(plan.why[0]).toMatch(/Deployment cattle-system\/cattle-cluster-agent is stale.*gets the pin.* first\.$/);
      expect(plan.findings).toContainEqual(expect.objectContaining({ code: "refresh.pin-stale", severity: "warning" }));
      const [, refresh] = plan.stages;
      const steps = refresh.waves.flatMap((wave: { steps: { id: string }[] }) => wave.steps.map(({ id }) => id));
      expect(steps.slice(0, 2)).toEqual([`${cluster.id}/pin-agent@current`, `${cluster.id}/drop-agent-tokens`]);

      const done = await farrier("apply", "refresh", "--yes", "-o", "json");
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
      expect(jsonLines(done.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished", worldChanged: true } });
      expect((await agentPods(cluster)).map((pod) => pod.pin)).toEqual([pin]);
      await expectWorking(cluster);
    },
    LONG,
  );
});

describe("Rancher's was changed, and node agents pin the bundle of before as well", () => {
  const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
  const nodeAgents = async ({ client }: SandboxCluster): Promise<string[]> => {
    const { items } = await client.list(PODS);
    const own = items.filter(({ metadata }) => metadata.name.startsWith("cattle-node-agent-"));
    return own.map(({ metadata }) => `${metadata.name} ${metadata.uid}`).toSorted();
  };
  const pinsOfNodes = async ({ client }: SandboxCluster): Promise<string[]> => {
    const sets = { group: "apps", version: "v1", resource: "daemonsets", namespace: "cattle-system" };
    const set = JSON.stringify(await client.get(sets, "cattle-node-agent"));
    return [...set.matchAll(/"CATTLE_CA_CHECKSUM","value":"([0-9a-f]+)"/g)].map(([, pin = ""]) => pin);
  };

  test(
    "the cluster is refreshed, the node agents' pods are left as they are, which is said, and a rotation moves them",
    async () => {
      const cluster = await start({
        rancher: { version: "2.11.5" },
        clusters: [{ name: "quito", nodeAgent: true, nodes: 2 }],
      });
      const { sandbox, folder, farrier, authority, target, plan } = journey;
      await renewCluster(sandbox, cluster, { ca: true, agent: "stays" });
      await writeSecret(sandbox, "tls-rancher-ingress", { "tls.crt": target.certificate, "tls.key": target.key });
      await serveBundle(sandbox, authority.bundle);
      await sandbox.waitUntil(async () => (await condition(sandbox, cluster.id, "Connected")).status === "False");
      const before = await nodeAgents(cluster);
      expect(before).toHaveLength(2);

      const flags = await kubeconfigFlags(folder, cluster);
      const done = await farrier("refresh", cluster.name, ...flags, "--yes");
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
      expect(done.stderr).toMatch(
        /Node agents of cluster \S+ \(quito\) pin another bundle than Rancher serves, and are left as they are: cattle-node-agent-\w+, /,
      );
      expect(await nodeAgents(cluster)).toEqual(before);
      const pin = pinFor(authority.bundle.trim());
      expect(await pinsOfNodes(cluster)).not.toContain(pin);
      expect((await agentPods(cluster)).map((pod) => pod.pin)).toEqual([pin]);
      await expectWorking(cluster);

      await plan("rotation");
      const rotated = await farrier("apply", "rotation", "--yes");
      expect(rotated.code, `${rotated.stdout}${rotated.stderr}`).toBe(0);
      expect(await pinsOfNodes(cluster)).toEqual([pin]);
      await expectWorking(cluster);
    },
    LONG,
  );
});

describe("Rancher's is still to be changed", () => {
  test(
    "check names the refresh, which comes first while the agent pins what is served; the rotation then takes the cluster along",
    async () => {
      const cluster = await start();
      const { sandbox, folder, farrier, plan, authority } = journey;
      await renewCluster(sandbox, cluster, { ca: true, agent: "stays" });
      const checked = json((await farrier("check", "-o", "json")).stdout);
      const about = checked.findings.filter(({ target: of }: { target: string }) => of.includes(cluster.id));
      expect(about).toContainEqual(
        expect.objectContaining({
          sentence: expect.stringMatching(/Rancher says of it: cluster health check failed: .*x509/),
          hint: expect.stringContaining("farrier refresh comes before a rotation"),
        }),
      );

      const done = await farrier("refresh", cluster.name, ...(await kubeconfigFlags(folder, cluster)), "--yes");
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
      await expectWorking(cluster);
      await plan("rotation");
      const rotated = await farrier("apply", "rotation", "--yes");
      expect(rotated.code, `${rotated.stdout}${rotated.stderr}`).toBe(0);
      expect((await agentPods(cluster)).map((pod) => pod.pin)).toEqual([pinFor(authority.bundle.trim())]);
      await expectWorking(cluster);
    },
    LONG,
  );
});
