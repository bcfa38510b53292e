/**
 * A refresh whose process is killed with SIGKILL at every journal entry, before it is flushed and after, and gone on with
 * by a new process each time: of a cluster with node agents, under two versions of Rancher that leave different things to
 * the refresh. Where it ends is what the cluster, Rancher and people have of it.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
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
  mortal = await Mortal.build();
});
afterEach(() => lab.stop());
afterAll(() => mortal.remove());

interface Row {
  readonly version: string;
  /** One that this version of Rancher was used with. */
  readonly kubernetes: string;
  /** Of Rancher. */
  readonly restarts: "some" | "none";
  /** Whether the agent's token is made for it, and put first among its account's. */
  readonly given: boolean;
}

test.each<[string, Row]>([
  [
    "2.1, which takes no report over, and is restarted because it keeps copies",
    { version: "2.1.14", kubernetes: "v1.13.12", restarts: "some", given: false },
  ],
  [
    "2.6.6 and a Kubernetes that makes no token, as its agents make none either",
    { version: "2.6.6", kubernetes: "v1.24.17", restarts: "none", given: true },
  ],
])(
  "a refresh that is killed at every journal entry ends with a cluster that works for Rancher and for people: %s",
  async (_, { version, kubernetes, restarts, given }) => {
    const clusters = [{ name: "quito", nodeAgent: true, nodes: 2, kubernetes }];
    lab = await startRefreshLab({ rancher: { version }, clusters });
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
    const { exits } = sandbox.statistics().rancher;

    const run = await mortal.applyUntilFinished({ ...lab, patience: 0.1 });
    expect(run.outcome).toMatchObject({ kind: "already-finished" });
    await expectDeathEverywhere(lab.directory, run);

    const [held, tokens] = [await heldByRancher(sandbox, cluster), await tokensIn(cluster)];
    expect(tokens.map(({ token }) => token)).toEqual([held.token]);
    expect(tokens[0]?.uid).not.toBe(old?.uid);
    const account = Object(await cluster.client.get(ACCOUNTS, "cattle"));
    expect(account.secrets[0]).toEqual({ name: tokens[0]?.name });
    expect(tokens[0]?.name).toMatch(given ? /^cattle-token-[0-9a-f]{8}$/ : /^cattle-token-\w{5}$/);
    expect(sandbox.statistics().rancher.exits > exits ? "some" : "none").toBe(restarts);
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
