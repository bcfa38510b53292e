/**
 * A refresh whose process is killed with SIGKILL at every journal entry, before it is flushed and after, and gone on with
 * by a new process each time: of a cluster with node agents, whose report Rancher does not take over, whose agent makes
 * no token, and for which Rancher is restarted. Where it ends is what the cluster, Rancher and people have of it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RefreshLab, startRefreshLab } from "../helpers/refresh-lab.ts";
import { heldByRancher, readiness, renewCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { agentPods, ask, must } from "../sandbox/estate.ts";
import { expectDeathEverywhere, Mortal } from "./lives.ts";

const MINUTE = 60_000;
const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
const ACCOUNTS = { ...PODS, resource: "serviceaccounts" };

let lab: RefreshLab;
let mortal: Mortal;

beforeAll(async () => {
  const clusters = [{ name: "quito", nodeAgent: true, nodes: 2, kubernetes: "v1.24.17" }];
  [lab, mortal] = await Promise.all([startRefreshLab({ rancher: { version: "2.1.14" }, clusters }), Mortal.build()]);
}, MINUTE);

afterAll(async () => {
  await lab.stop();
  await mortal.remove();
});

test(
  "a refresh that is killed at every journal entry ends with a cluster that works for Rancher and for people",
  async () => {
    const cluster = must(lab.clusters[0]);
    const { sandbox } = lab;
    const nodeAgents = async (): Promise<string[]> => {
      const { items } = await cluster.client.list(PODS);
      const own = items.filter(({ metadata }) => metadata.name.startsWith("cattle-node-agent-"));
      return own.map(({ metadata }) => String(metadata.uid));
    };
    const [old] = await tokensIn(cluster);
    const before = await nodeAgents();
    expect(before).toHaveLength(2);
    await renewCluster(sandbox, cluster, { ca: true });
    await lab.prepare();

    const run = await mortal.applyUntilFinished({ ...lab, patience: 0.1 });
    expect(run.outcome).toMatchObject({ kind: "already-finished" });
    await expectDeathEverywhere(lab.directory, run);

    const [held, tokens] = [await heldByRancher(sandbox, cluster), await tokensIn(cluster)];
    expect(tokens.map(({ token }) => token)).toEqual([held.token]);
    expect(tokens[0]?.uid).not.toBe(old?.uid);
    const account = Object(await cluster.client.get(ACCOUNTS, "cattle"));
    expect(account.secrets[0]).toEqual({ name: tokens[0]?.name });
    expect(cluster.kubeconfig).toContain(Buffer.from(held.ca).toString("base64"));
    const after = await nodeAgents();
    expect(after).toHaveLength(2);
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    await sandbox.waitUntilConnected();
    expect(await readiness(sandbox, cluster)).toBe("True");
    const [pod] = await agentPods(cluster);
    const log = `/api/v1/namespaces/cattle-system/pods/${must(pod).name}/log`;
    const asked = ["/api/v1/namespaces", log].map((path) => ask(sandbox, `/k8s/clusters/${cluster.id}${path}`));
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200]);
    expect(sandbox.statistics().refusals).toEqual([]);
  },
  12 * MINUTE,
);
